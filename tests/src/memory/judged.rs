//! What is known of each condition that the engine asks for: where it is shown that leaving it out
//! does harm, or that another one says the same. The journal in memory takes no other one.

use super::condition::{Condition, Guards, Kind};

/// Where it is shown that a condition is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Random schedules of the step contract break a property.
    Schedules,
    /// A stalled twin in a whole Holdfast brings it to another end.
    Zombies,
    /// Two that meet at one call come to what neither order of them comes to.
    Meetings,
}

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Without it a test is red.
    Needed(Proof),
    /// Whoever writes such an item writes another one in the same transaction, whose condition says
    /// the same: the journal in memory looks at each transaction of each test.
    Implied,
    /// Whoever writes such an item writes the same: the journal in memory looks at that, too.
    Same,
}

use Judgement::{Implied, Needed, Same};
use Proof::{Meetings, Schedules, Zombies};

/// Every condition that the engine asks for.
pub const JUDGED: [(Kind, Guards, Judgement); 45] = [
    (Kind::AlertPath, Guards::Creation, Needed(Meetings)),
    (Kind::AlertPath, Guards::Replacement, Needed(Meetings)),
    (Kind::Batch, Guards::Creation, Needed(Meetings)),
    // The entry of the batch's step.
    (Kind::BatchAnswers, Guards::Creation, Implied),
    // Each copy of a message gives the same.
    (Kind::BatchMember, Guards::Creation, Same),
    (Kind::Breaker, Guards::Creation, Needed(Meetings)),
    (Kind::Breaker, Guards::Replacement, Needed(Meetings)),
    // The entry of the step that makes the change, or the record that is created or that a row of
    // an import changes; it is read with that, so who finds none finds what the row was to change.
    (Kind::ChangeLine, Guards::Creation, Implied),
    // The operation that is decided on, the generation that is raised, or the address of the list
    // that is changed.
    (Kind::Decision, Guards::Creation, Implied),
    // It is only ever marked as sent.
    (Kind::Decision, Guards::Replacement, Same),
    (Kind::ErrorRecord, Guards::Creation, Needed(Meetings)),
    (Kind::ErrorRecord, Guards::Replacement, Needed(Meetings)),
    // Its key names the change: each delivery of one says what the first said.
    (Kind::ExternalLine, Guards::Creation, Same),
    // The line of the re-run; without both, two people start one generation.
    (Kind::Generation, Guards::Creation, Implied),
    (Kind::Generation, Guards::Replacement, Implied),
    (Kind::HomeEvent, Guards::Creation, Needed(Meetings)),
    (Kind::Import, Guards::Creation, Needed(Meetings)),
    (Kind::Import, Guards::Replacement, Needed(Meetings)),
    (Kind::Incident, Guards::Creation, Needed(Meetings)),
    (Kind::Incident, Guards::Replacement, Needed(Meetings)),
    (Kind::Incident, Guards::Removal, Needed(Meetings)),
    (Kind::Once, Guards::Creation, Needed(Schedules)),
    (Kind::Once, Guards::Replacement, Needed(Meetings)),
    // The entry of the step that holds it, or the operation about that step.
    (Kind::Once, Guards::Removal, Implied),
    (Kind::Outcome, Guards::Creation, Needed(Meetings)),
    (Kind::Outcome, Guards::Replacement, Needed(Meetings)),
    (Kind::Posted, Guards::Creation, Needed(Meetings)),
    (Kind::Posted, Guards::Replacement, Needed(Meetings)),
    (Kind::Rate, Guards::Creation, Needed(Meetings)),
    (Kind::Rate, Guards::Replacement, Needed(Meetings)),
    (Kind::Quality, Guards::Creation, Needed(Meetings)),
    (Kind::Quality, Guards::Replacement, Needed(Meetings)),
    (Kind::Record, Guards::Creation, Needed(Schedules)),
    (Kind::Record, Guards::Replacement, Needed(Schedules)),
    (Kind::ReviewItem, Guards::Creation, Needed(Meetings)),
    (Kind::ReviewItem, Guards::Replacement, Needed(Meetings)),
    // The record that is found by it.
    (Kind::SharedKey, Guards::Creation, Implied),
    (Kind::SharedKey, Guards::Removal, Implied),
    (Kind::SourceEvent, Guards::Creation, Needed(Zombies)),
    (Kind::StepEntry, Guards::Creation, Needed(Schedules)),
    (Kind::StepEntry, Guards::Replacement, Needed(Schedules)),
    (Kind::Suppression, Guards::Creation, Needed(Meetings)),
    (Kind::Suppression, Guards::Replacement, Needed(Meetings)),
    (Kind::UniqueKey, Guards::Creation, Needed(Zombies)),
    // The record that is found by it.
    (Kind::UniqueKey, Guards::Removal, Implied),
];

/// What is known of a condition; `None`: nobody has judged it.
#[must_use]
pub fn judgement(condition: Condition) -> Option<Judgement> {
    let Condition(kind, guards) = condition;
    let mut judged = JUDGED.into_iter();
    let found = judged.find(|(one, of, _)| (*one, *of) == (kind, guards));
    found.map(|(.., judgement)| judgement)
}

/// The conditions that are shown to be needed in this way.
#[must_use]
pub fn needed(proof: Proof) -> Vec<Condition> {
    let of = JUDGED
        .into_iter()
        .filter(|(.., judgement)| *judgement == Needed(proof));
    of.map(|(kind, guards, _)| Condition(kind, guards))
        .collect()
}
