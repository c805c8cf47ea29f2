//! Every message and request twice, where one of the two stalls before any of its calls until
//! everything else is at rest, and then goes on: the end is the same as in the calm run. Without
//! the condition of a conditional write it is not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use holdfast_tests::memory::{Proof, needed};
use holdfast_tests::whole::{Mishap, Run, Scenario, each};

/// How a run with a mishap differs from the calm one.
fn differences(scenario: &Scenario, calm: &Run, mishap: Mishap) -> Option<String> {
    let run = catch_unwind(AssertUnwindSafe(|| Run::with(scenario, mishap)));
    let Ok(run) = run else {
        return Some(format!("{mishap:?}: it never ends"));
    };
    let differences = calm.end.differences(&scenario.pack, &run.end);
    (!differences.is_empty()).then(|| format!("{mishap:?}:\n{}", differences.join("\n")))
}

fn broken(scenario: &Scenario, calm: &Run) -> Vec<String> {
    let zombies = calm.zombies();
    let broken = each(zombies.len() as u64, |number| {
        differences(scenario, calm, zombies[number as usize])
    });
    broken.into_iter().flatten().collect()
}

fn bears_zombies(scenario: &Scenario) {
    let broken = broken(scenario, &Run::with(scenario, Mishap::None));
    assert!(
        broken.is_empty(),
        "{} differ:\n{}",
        broken.len(),
        broken.join("\n\n")
    );
}

#[test]
fn a_day_at_the_dentists_bears_every_zombie() {
    bears_zombies(&Scenario::dental());
}

#[test]
fn racing_orders_bear_every_zombie() {
    bears_zombies(&Scenario::orders());
}

#[test]
fn a_refused_order_bears_every_zombie() {
    bears_zombies(&Scenario::mended());
}

#[test]
fn a_party_bears_every_zombie() {
    bears_zombies(&Scenario::party());
}

#[test]
fn a_write_without_its_condition_comes_to_another_end() {
    let calm = Run::with(&Scenario::refused(), Mishap::None);
    for condition in needed(Proof::Zombies) {
        let broken = broken(&Scenario::refused().without(condition), &calm);
        assert!(
            !broken.is_empty(),
            "{condition:?} is left out, and nothing is wrong"
        );
    }
}
