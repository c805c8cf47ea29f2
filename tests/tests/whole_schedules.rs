//! Thousands of random schedules over a whole Holdfast: whatever crashes, fails, repeats, is late
//! or out of order, the end is that of the calm run.
//!
//! A failing schedule prints its seed; `HOLDFAST_SEED=<seed>` runs it alone, and
//! `HOLDFAST_SCHEDULES=<number>` says how many run.

#![expect(
    clippy::print_stdout,
    reason = "what happened in the schedules is part of the report"
)]

use std::collections::BTreeMap;
use std::time::Instant;

use holdfast_tests::whole::{Mishap, Run, Scenario, Storm, each};

/// Schedules of all scenarios together.
const SCHEDULES: u64 = 2_000;

/// What must have happened in so many schedules; else they test nothing.
const HAPPENED: [&str; 5] = [
    "crash",
    "duplicate",
    "postponed",
    "request repeated",
    "resurrected",
];

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var_os(variable)?;
    let number = text.to_str().and_then(|text| text.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is no number: {}", text.display())))
}

/// Runs the schedule of a seed; what happened in it, and how its end differs.
fn weathers(scenario: &Scenario, calm: &Run, seed: u64) -> (Storm, Option<String>) {
    let storm = Storm::of(scenario, seed);
    let differences = calm.end.differences(&scenario.pack, &storm.end);
    let broken = (!differences.is_empty())
        .then(|| format!("HOLDFAST_SEED={seed}:\n{}", differences.join("\n")));
    (storm, broken)
}

/// Runs its share, in percent, of the schedules.
fn weather_all(name: &str, scenario: &Scenario, percent: u64) {
    let (calm, start) = (Run::with(scenario, Mishap::None), Instant::now());
    let alone = number("HOLDFAST_SEED");
    let all = number("HOLDFAST_SCHEDULES").unwrap_or(SCHEDULES);
    let schedules = alone.map_or(all * percent / 100, |_| 1);
    let first = alone.unwrap_or_default();
    let results = each(schedules, |seed| weathers(scenario, &calm, first + seed));
    let (mut happened, mut unknown) = (BTreeMap::<_, usize>::new(), 0);
    for (storm, _) in &results {
        unknown += storm.end.unknown().len();
        for (what, times) in &storm.happened {
            *happened.entry(*what).or_default() += times;
        }
    }
    println!(
        "{name}: {schedules} in {:?}, {unknown} unknown, {happened:?}",
        start.elapsed()
    );
    let broken: Vec<_> = results
        .into_iter()
        .filter_map(|(_, broken)| broken)
        .collect();
    let shown = broken[..broken.len().min(8)].join("\n\n");
    assert!(broken.is_empty(), "{} differ:\n{shown}", broken.len());
    for what in HAPPENED.iter().filter(|_| alone.is_none()) {
        assert!(happened.contains_key(what), "no schedule had a {what}");
    }
}

#[test]
fn a_day_at_the_dentists_comes_to_the_same_end() {
    weather_all("dental", &Scenario::dental(), 10);
}

#[test]
fn a_cancelled_booking_comes_to_the_same_end() {
    weather_all("cancelled", &Scenario::cancelled(), 20);
}

#[test]
fn racing_orders_come_to_the_same_end() {
    weather_all("orders", &Scenario::orders(), 20);
}

#[test]
fn a_refused_order_comes_to_the_same_end() {
    weather_all("refused", &Scenario::mended(), 30);
}

#[test]
fn a_party_of_several_guests_comes_to_the_same_end() {
    weather_all("party", &Scenario::party(), 20);
}
