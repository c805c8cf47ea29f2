//! Where an execution stands: a walk through its dispatches, from the first one to those whose
//! steps are not settled. Pure; the messages that it finds are rendered as they were sent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::contract::{elements, envelopes};
use crate::definition::model::Pack;
use crate::entry::{Dispatch, End, State, StepEntry};
use crate::envelope::{Context, Envelope, Input};
use crate::history::Recorded;
use crate::id::{ExecutionRef, StepKey};
use crate::name::StepId;

/// How late an asynchronous step may be before it counts as lost.
const GRACE: SignedDuration = SignedDuration::from_mins(15);

/// A step that was dispatched and is not done.
#[derive(Debug, Clone, PartialEq)]
pub struct Loose {
    /// Its message, as it was sent.
    pub envelope: Envelope,
    /// The function that it was sent to.
    pub function: String,
    /// Its entry, with the revision.
    pub entry: Option<(u64, StepEntry)>,
    /// Whether nobody waits for it.
    pub asynchronous: bool,
}

/// Where an execution stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Walked {
    /// The steps that were dispatched and are not done.
    pub loose: Vec<Loose>,
    /// How it ended, if it did.
    pub end: Option<End>,
}

/// Walks through the dispatches of a generation, from the one that it began with.
#[must_use]
pub fn walk(
    pack: &Pack,
    (execution, generation): (&ExecutionRef, u32),
    start: (&Context, &Dispatch),
    entries: &[Recorded],
) -> Walked {
    let entries = entries.iter().filter(|one| one.generation == generation);
    let mut walk = Walk {
        pack,
        execution,
        generation,
        entries: entries.map(|one| (&one.step, one)).collect(),
        seen: BTreeSet::new(),
        walked: Walked::default(),
    };
    let mut ahead = vec![(start.0.clone(), start.1.clone())];
    while let Some((context, dispatch)) = ahead.pop() {
        ahead.extend(walk.pass(&context, &dispatch));
    }
    walk.walked
}

struct Walk<'a> {
    pack: &'a Pack,
    execution: &'a ExecutionRef,
    generation: u32,
    entries: BTreeMap<&'a StepKey, &'a Recorded>,
    seen: BTreeSet<StepKey>,
    walked: Walked,
}

impl Walk<'_> {
    /// Looks at the steps of one dispatch; returns the dispatches that followed them.
    fn pass(&mut self, context: &Context, dispatch: &Dispatch) -> Vec<(Context, Dispatch)> {
        if dispatch.end.is_some() {
            self.walked.end.clone_from(&dispatch.end);
        }
        let generation = self.generation;
        let sent = envelopes(self.pack, self.execution, generation, context, dispatch);
        sent.into_iter()
            .filter_map(|(envelope, function)| self.step(envelope, function))
            .collect()
    }

    fn step(&mut self, envelope: Envelope, function: String) -> Option<(Context, Dispatch)> {
        if !self.seen.insert(envelope.step.clone()) {
            return None;
        }
        let recorded = self.entries.get(&envelope.step).copied();
        if let Some(recorded) = recorded.filter(|one| one.entry.state == State::Waiting)
            && self.elements(&envelope, &recorded.entry, &function)
        {
            return None;
        }
        let next = recorded.and_then(|recorded| self.next(&envelope, &recorded.entry));
        let done = |recorded: &Recorded| {
            let state = &recorded.entry.state;
            matches!(state, State::Succeeded | State::FellBack | State::Skipped)
        };
        if !recorded.is_some_and(done) {
            self.walked.loose.push(Loose {
                asynchronous: self.asynchronous(&envelope.step.step),
                entry: recorded.map(|one| (one.revision, one.entry.clone())),
                envelope,
                function,
            });
        }
        next
    }

    /// Looks at the elements of a step that waits for them, and the fallbacks of those; returns
    /// whether any of them is what it waits for.
    fn elements(&mut self, whole: &Envelope, entry: &StepEntry, function: &str) -> bool {
        let workflow = self.pack.workflows.get(&self.execution.workflow);
        let definition = workflow.and_then(|workflow| workflow.step(&whole.step));
        let (Some(definition), Some(each)) = (definition, &entry.each) else {
            return false;
        };
        let Input::Each(items) = &whole.input else {
            return false;
        };
        let loose = self.walked.loose.len();
        let sent = elements(definition, whole, each, items).into_iter();
        let mut ahead: Vec<_> = sent
            .filter_map(|envelope| self.step(envelope, function.to_owned()))
            .collect();
        while let Some((context, dispatch)) = ahead.pop() {
            ahead.extend(self.pass(&context, &dispatch));
        }
        self.walked.loose.len() > loose
    }

    /// What followed a settled step, with what the execution knew then.
    fn next(&self, envelope: &Envelope, entry: &StepEntry) -> Option<(Context, Dispatch)> {
        let dispatch = entry.dispatch.clone()?;
        let workflow = self.pack.workflows.get(&self.execution.workflow)?;
        let context = match (&entry.state, &entry.output) {
            (State::Succeeded, Some(output)) => {
                let (home, step) = (&self.execution.home, &envelope.step);
                let definition = workflow.step(step)?;
                envelope.context.after(home, step, definition, output)
            }
            _ => envelope.context.clone(),
        };
        Some((context, dispatch))
    }

    fn asynchronous(&self, step: &StepId) -> bool {
        let workflow = self.pack.workflows.get(&self.execution.workflow);
        let mut steps = workflow.into_iter().flat_map(|workflow| &workflow.steps);
        steps.any(|one| one.id == *step && one.asynchronous)
    }
}

/// What a loose step asks for at its execution's deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// Someone has to know: what it waits for, in words.
    Stuck(String),
    /// Someone knows already, or it goes on by itself.
    None,
}

/// Whether the operation that a step's entry names tells someone of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// There is none.
    Nobody,
    /// It needs someone.
    Open,
    /// It is settled: a person decided, or a redrive was accepted.
    Settled,
}

/// Decides what a loose step asks for.
#[must_use]
pub fn concern(loose: &Loose, told: Told, now: Timestamp) -> Concern {
    let Some((_, entry)) = &loose.entry else {
        return Concern::Stuck("never began".to_owned());
    };
    match told {
        Told::Open => return Concern::None,
        Told::Settled if entry.state.is_final() => return Concern::None,
        Told::Settled | Told::Nobody => {}
    }
    let late = |since: Timestamp| {
        let latest = since.saturating_add(GRACE).unwrap_or(since);
        !loose.asynchronous || latest < now
    };
    match &entry.state {
        State::Started { lease, .. } if late(*lease) => {
            Concern::Stuck(format!("was claimed until {lease}"))
        }
        State::Retrying { due } if late(*due) => {
            Concern::Stuck(format!("is to be tried again at {due}"))
        }
        State::Failed { .. } | State::GaveUp { .. } | State::Unknown => {
            Concern::Stuck(format!("is {} and nobody was told", entry.state.name()))
        }
        State::Waiting => Concern::Stuck("waits".to_owned()),
        _ => Concern::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Owner, Progress};
    use crate::port::MessageId;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn loose(state: Option<State>, asynchronous: bool) -> Loose {
        let envelope: Envelope = serde_json::from_value(serde_json::json!({
            "execution": {
                "home": { "tenant": "t", "type": "deal", "record": "1" },
                "workflow": "w", "execution": "a".repeat(26)
            },
            "manifest": { "pack": "p", "hash": "0" },
            "generation": 1, "step": "s.1", "input": { "rendered": {} }, "due": at(0),
            "context": { "event": { "id": "s:1", "name": "s.x", "at": at(0) } }
        }))
        .unwrap();
        let entry = state.map(|state| {
            let entry = StepEntry::of(&envelope, state, Progress::FIRST, at(0));
            (1, entry)
        });
        Loose {
            envelope,
            function: "f".to_owned(),
            entry,
            asynchronous,
        }
    }

    fn stuck(state: Option<State>, asynchronous: bool, told: Told) -> bool {
        concern(&loose(state, asynchronous), told, at(100)) != Concern::None
    }

    fn states() -> [State; 5] {
        let message = MessageId("m".to_owned());
        let (owner, lease) = (Owner("o".into()), at(99));
        [
            State::Started { owner, lease },
            State::Retrying { due: at(99) },
            State::Failed {
                message: message.clone(),
                created: at(1),
                at: at(9),
            },
            State::GaveUp { message, at: at(9) },
            State::Unknown,
        ]
    }

    #[test]
    fn a_step_is_stuck_unless_someone_knows_of_it_or_decided() {
        for state in states() {
            let told = |told| stuck(Some(state.clone()), false, told);
            assert!(told(Told::Nobody), "{state:?}");
            assert!(!told(Told::Open), "{state:?}");
            assert_eq!(told(Told::Settled), !state.is_final(), "{state:?}");
        }
        assert!(stuck(None, false, Told::Nobody));
    }

    #[test]
    fn an_aside_is_stuck_once_it_is_late_by_more_than_its_grace() {
        assert!(stuck(None, true, Told::Nobody));
        for (due, expected) in [(84, true), (85, false), (101, false)] {
            let retrying = Some(State::Retrying { due: at(due) });
            assert_eq!(stuck(retrying, true, Told::Nobody), expected, "{due}");
        }
    }
}
