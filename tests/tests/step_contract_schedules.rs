//! Thousands of random schedules over a workflow with every kind of effect: whatever crashes,
//! repeats or is redriven, the properties of the contract hold when nothing moves.
//!
//! A failing schedule prints its seed; `HOLDFAST_SEED=<seed>` runs it alone, and
//! `HOLDFAST_SCHEDULES=<number>` says how many run.

#![expect(
    clippy::print_stdout,
    reason = "what happened in the schedules is part of the report"
)]

use std::iter::from_fn;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::Instant;

use holdfast_tests::world::{Policy, Ran, Tally, run_seed};

/// Schedules of each policy.
const SCHEDULES: u64 = 2_000;

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

/// What a policy's schedules came to.
#[derive(Debug, Default)]
struct Held {
    broken: Vec<String>,
    tally: Tally,
}

impl Held {
    fn add(&mut self, seed: u64, ran: Ran) {
        self.tally.add(ran.tally);
        let broken = ran.broken.into_iter();
        self.broken
            .extend(broken.map(|wrong| format!("seed {seed}: {wrong}")));
    }
}

/// Runs schedules on every processor.
fn run(seeds: Range<u64>, policy: Policy) -> Held {
    let (pack, next) = (policy.pack(), AtomicU64::new(seeds.start));
    let held = Mutex::new(Held::default());
    let threads = available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let claimed = || Some(next.fetch_add(1, Ordering::Relaxed));
                for seed in from_fn(claimed).take_while(|seed| seeds.contains(seed)) {
                    let ran = run_seed(seed, policy, &pack, None);
                    held.lock().unwrap().add(seed, ran);
                }
            });
        }
    });
    held.into_inner().unwrap()
}

fn hold(policy: Policy) {
    let (seeds, alone) = seeds();
    let (began, schedules) = (Instant::now(), seeds.end - seeds.start);
    let Held { mut broken, tally } = run(seeds, policy);
    let seconds = began.elapsed().as_secs_f64();
    println!("{policy:?}: {schedules} schedules in {seconds:.1} s: {tally:?}");
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

#[test]
fn properties_hold_where_what_succeeded_is_undone() {
    hold(Policy::Undo);
}

#[test]
fn properties_hold_where_steps_are_performed_for_each_element() {
    hold(Policy::Each);
}
