//! Thousands of random schedules over a workflow with every kind of effect: whatever crashes,
//! repeats or is redriven, the properties of the contract hold when nothing moves.
//!
//! A failing schedule prints its seed; `HOLDFAST_SEED=<seed>` runs it alone.

#![expect(
    clippy::print_stdout,
    reason = "what happened in the schedules is part of the report"
)]

use holdfast_tests::world::{Policy, Tally, run_seed};

const SEEDS: u64 = 800;

fn seeds() -> std::ops::Range<u64> {
    let only = std::env::var_os("HOLDFAST_SEED");
    let only = only.and_then(|seed| seed.to_str()?.parse::<u64>().ok());
    only.map_or(0..SEEDS, |seed| seed..seed + 1)
}

fn hold(policy: Policy) {
    let (pack, mut tally) = (policy.pack(), Tally::default());
    let mut broken = Vec::new();
    for seed in seeds() {
        let (wrong, happened) = run_seed(seed, policy, &pack);
        tally.add(happened);
        broken.extend(
            wrong
                .into_iter()
                .map(|wrong| format!("seed {seed}: {wrong}")),
        );
    }
    println!("{policy:?}: {tally:?}");
    broken.sort_by_key(|line| line.split(' ').nth(2).map(str::to_owned));
    assert!(
        broken.is_empty(),
        "{} broken: {:#?}",
        broken.len(),
        &broken[..broken.len().min(60)]
    );
}

#[test]
fn properties_hold_where_a_person_decides_about_unknown_outcomes() {
    hold(Policy::Review);
}

#[test]
fn properties_hold_where_unknown_outcomes_are_retried() {
    hold(Policy::Retry);
}

#[test]
fn properties_hold_where_unknown_outcomes_go_to_the_fallback() {
    hold(Policy::Fallback);
}
