//! Thousands of random schedules over a workflow with every kind of effect: whatever crashes,
//! repeats or is redriven, the properties of the contract hold when nothing moves.
//!
//! A failing schedule prints its seed; `HOLDFAST_SEED=<seed>` runs it alone, and
//! `HOLDFAST_SCHEDULES=<number>` says how many run.

#![expect(
    clippy::print_stdout,
    reason = "what happened in the schedules is part of the report"
)]

use std::ops::Range;

use holdfast_tests::world::{Policy, Tally, run_seed};

const SCHEDULES: u64 = 400;

/// What must have happened in so many schedules; else they test nothing.
const HAPPENED: [&str; 5] = ["crash", "duplicate", "resurrected", "redrive", "re-run"];

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var_os(variable)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is no number: {}", text.display())))
}

/// The seeds to run, and whether they are one schedule that somebody looks at.
fn seeds() -> (Range<u64>, bool) {
    match number("HOLDFAST_SEED") {
        Some(seed) => (seed..seed + 1, true),
        None => (0..number("HOLDFAST_SCHEDULES").unwrap_or(SCHEDULES), false),
    }
}

fn hold(policy: Policy) {
    let (pack, mut tally) = (policy.pack(), Tally::default());
    let (seeds, alone) = seeds();
    let mut broken = Vec::new();
    for seed in seeds {
        let ran = run_seed(seed, policy, &pack, None);
        tally.add(ran.tally);
        let wrong = ran.broken.into_iter();
        broken.extend(wrong.map(|wrong| format!("seed {seed}: {wrong}")));
    }
    println!("{policy:?}: {tally:?}");
    broken.sort_by_key(|line| line.split(' ').nth(2).map(str::to_owned));
    let shown = &broken[..broken.len().min(60)];
    assert!(broken.is_empty(), "{} broken: {shown:#?}", broken.len());
    for what in HAPPENED.iter().filter(|_| !alone) {
        let times = tally.0.get(what).copied().unwrap_or_default();
        assert!(times > 0, "no schedule had a {what}");
    }
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
