//! Conditions of conditional writes are needed: on a journal that leaves one of them out, some
//! random schedule breaks a property of the step contract.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use holdfast_tests::memory::{Condition, Guards, Kind};
use holdfast_tests::world::{Policy, compiled, run_seed};

/// Schedules among which one must break.
const SCHEDULES: u64 = 400;

const CALL: &str = "- { id: call, uses: keyed-effect, with: { to: a } }";
const MARK: &str = "- { id: mark, uses: update-record, with: { status: won } }";
const TELL: &str =
    "- { id: tell, uses: raw-effect, once: event.name, retry: [5s, 5s], with: { to: c } }";

/// Conditions that schedules of a call and one more step notice.
const NOTICED: [(Kind, Guards, &str); 5] = [
    (Kind::StepEntry, Guards::Creation, TELL),
    (Kind::StepEntry, Guards::Replacement, TELL),
    (Kind::Once, Guards::Creation, TELL),
    (Kind::Record, Guards::Creation, MARK),
    (Kind::Record, Guards::Replacement, MARK),
];

/// Conditions that no schedule was seen to notice, each with its reason. Who adds a condition to
/// the engine has to put it into one of the two lists.
const UNNOTICED: [(Kind, Guards, &str); 10] = [
    (
        Kind::Once,
        Guards::Removal,
        "the step's own entry is in the transaction, and only its step frees a pending key",
    ),
    (
        Kind::Once,
        Guards::Replacement,
        "as the removal; it decides alone only where a key expires (`for`)",
    ),
    (
        Kind::Once,
        Guards::Others,
        "needs a re-run between two copies of one retry: too rare for chance",
    ),
    (
        Kind::StepEntry,
        Guards::Others,
        "needs a re-run between two copies of one retry: too rare for chance",
    ),
    (
        Kind::Breaker,
        Guards::Creation,
        "guards the counts of several processes, and here is one",
    ),
    (Kind::Breaker, Guards::Replacement, "as the creation"),
    (Kind::ErrorRecord, Guards::Creation, "guards only the count"),
    (
        Kind::ErrorRecord,
        Guards::Replacement,
        "the entry that names the record is mostly in the transaction",
    ),
    (Kind::ReviewItem, Guards::Creation, "nobody decides here"),
    (Kind::ReviewItem, Guards::Replacement, "nobody decides here"),
];

/// The first schedule that breaks without a condition, and how.
fn noticed(condition: Condition, step: &str) -> Option<(u64, String)> {
    let pack = compiled(&format!("{CALL}\n{step}"));
    (0..SCHEDULES).find_map(|seed| {
        let run = || run_seed(seed, Policy::Review, &pack, Some(condition)).broken;
        let broken = catch_unwind(AssertUnwindSafe(run));
        let broken = broken.unwrap_or_else(|_| vec!["it never ends".to_owned()]);
        broken.into_iter().next().map(|wrong| (seed, wrong))
    })
}

#[test]
fn a_write_without_its_condition_breaks_a_property() {
    for (kind, guards, step) in NOTICED {
        let condition = Condition(kind, guards);
        let (seed, wrong) = noticed(condition, step)
            .unwrap_or_else(|| panic!("{condition:?} is left out, and nothing is wrong"));
        println!("{condition:?}: {wrong}, after {} schedules", seed + 1);
    }
}

#[test]
fn every_condition_that_schedules_ask_for_is_judged() {
    let known = NOTICED.into_iter().chain(UNNOTICED);
    let known: BTreeSet<_> = known
        .map(|(kind, guards, _)| Condition(kind, guards))
        .collect();
    let pack = Policy::Review.pack();
    let asked: BTreeSet<_> = (0..SCHEDULES / 4)
        .flat_map(|seed| run_seed(seed, Policy::Review, &pack, None).conditions)
        .collect();
    assert!(asked.contains(&Condition(Kind::Once, Guards::Removal)));
    let unjudged: Vec<_> = asked.difference(&known).collect();
    assert!(unjudged.is_empty(), "{unjudged:?}");
}
