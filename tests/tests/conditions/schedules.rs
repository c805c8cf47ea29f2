//! Random schedules of the step contract, on a journal that leaves a condition out: some schedule
//! breaks a property.

use std::panic::{AssertUnwindSafe, catch_unwind};

use holdfast_tests::memory::{Condition, Kind, Proof, needed};
use holdfast_tests::world::{Policy, compiled, run_seed};

/// Schedules among which one must break.
const SCHEDULES: u64 = 400;

const CALL: &str = "- { id: call, uses: keyed-effect, with: { to: a } }";
const MARK: &str = "- { id: mark, uses: update-record, with: { status: won } }";
const TELL: &str =
    "- { id: tell, uses: raw-effect, once: event.name, retry: [5s, 5s], with: { to: c } }";

/// The step in whose schedules a condition is asked for.
fn step(kind: Kind) -> &'static str {
    match kind {
        Kind::Record => MARK,
        _ => TELL,
    }
}

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
    for condition in needed(Proof::Schedules) {
        let (seed, wrong) = noticed(condition, step(condition.0))
            .unwrap_or_else(|| panic!("{condition:?} is left out, and nothing is wrong"));
        println!("{condition:?}: {wrong}, after {} schedules", seed + 1);
    }
}
