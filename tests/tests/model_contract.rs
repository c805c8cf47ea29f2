//! The step contract, model-checked: no order of crashes, duplicates, zombies, redrives, parked
//! copies and re-runs breaks a property, and a contract with a mistake breaks one.

#![expect(
    clippy::print_stdout,
    reason = "how much was explored is part of the report"
)]

use std::time::Instant;

use holdfast_engine::definition::model::Unknown;
use holdfast_engine::step::Effect;
use holdfast_tests::model::{Mutation, Scenario, search};

fn is_large() -> bool {
    std::env::var_os("HOLDFAST_MODEL").is_some_and(|size| size == "large")
}

/// The scenario at its small bounds, or at larger ones where the environment asks for them.
fn bounded(scenario: Scenario) -> Scenario {
    if !is_large() {
        return scenario;
    }
    Scenario {
        failures: scenario.failures + 1,
        horizon: scenario.horizon + 1,
        ..scenario
    }
}

fn holds(scenario: Scenario) {
    let scenario = bounded(scenario);
    let began = Instant::now();
    let report = search(&scenario);
    println!(
        "{}: {} states, {} quiet, {:.1} s",
        scenario.name,
        report.states,
        report.quiet,
        began.elapsed().as_secs_f64()
    );
    assert!(report.quiet > 0, "nothing ever came to rest");
    assert!(
        report.broken.is_none(),
        "{}: {:#?}",
        scenario.name,
        report.broken
    );
}

fn chain(name: &'static str) -> Scenario {
    Scenario {
        fallback: true,
        ..Scenario::raw(name)
    }
}

fn once(name: &'static str) -> Scenario {
    Scenario {
        once: true,
        redrives: 0,
        ..Scenario::raw(name)
    }
}

fn twice(scenario: &Scenario) -> Scenario {
    Scenario {
        duplicates: 1,
        redrives: 0,
        horizon: 2,
        ..scenario.clone()
    }
}

/// Nothing crashes, so that whatever is dead-lettered has failed.
fn parked(name: &'static str) -> Scenario {
    Scenario {
        crashes: 0,
        parks: 2,
        redrives: 0,
        ..Scenario::raw(name)
    }
}

fn rerun(name: &'static str) -> Scenario {
    Scenario {
        reruns: 1,
        redrives: 0,
        horizon: 2,
        ..Scenario::raw(name)
    }
}

#[test]
fn a_step_whose_repeats_are_harmless_keeps_every_property() {
    holds(Scenario::keyed("keyed"));
}

#[test]
fn a_step_that_may_act_once_only_keeps_every_property() {
    holds(Scenario::raw("at most once"));
}

#[test]
fn a_step_that_is_delivered_twice_keeps_every_property() {
    holds(twice(&Scenario::keyed("keyed, twice")));
    holds(twice(&Scenario::raw("at most once, twice")));
}

#[test]
fn a_step_whose_unknown_outcomes_are_retried_keeps_every_property() {
    holds(Scenario {
        unknown: Unknown::Retry,
        ..Scenario::raw("at most once, retried")
    });
}

#[test]
fn a_step_with_a_fallback_keeps_every_property() {
    holds(chain("fallback"));
}

#[test]
fn a_step_whose_unknown_outcomes_fall_back_keeps_every_property() {
    holds(Scenario {
        unknown: Unknown::Fallback,
        ..chain("fallback on unknown")
    });
}

#[test]
fn two_executions_under_one_once_key_keep_every_property() {
    holds(once("once"));
}

#[test]
fn a_step_that_is_run_anew_keeps_every_property() {
    holds(rerun("re-run"));
}

#[test]
fn a_step_that_is_parked_keeps_every_property() {
    holds(parked("parked"));
    holds(Scenario {
        effect: Effect::Keyed,
        duplicates: 1,
        horizon: 2,
        ..parked("keyed, parked, twice")
    });
    holds(Scenario {
        crashes: 1,
        redrives: 1,
        parks: 1,
        ..parked("parked, with crashes and a redrive")
    });
}

#[test]
fn a_step_that_is_delivered_twice_and_redriven_keeps_every_property() {
    let redriven = |scenario: Scenario| Scenario {
        redrives: 1,
        ..twice(&scenario)
    };
    holds(redriven(Scenario::keyed("keyed, twice, redriven")));
    holds(redriven(Scenario::raw("at most once, twice, redriven")));
}

#[test]
fn every_mistake_breaks_a_property() {
    let mistakes = [
        (Mutation::FreeOnUncertain, once("")),
        (Mutation::FallBackOnUncertain, chain("")),
        (Mutation::TakeOverAlways, Scenario::raw("")),
        (Mutation::NoCondition, twice(&Scenario::keyed(""))),
        (Mutation::AcceptStale, twice(&Scenario::keyed(""))),
        (Mutation::NoErrorRecord, Scenario::keyed("")),
        (Mutation::LeaveErrorOpen, Scenario::keyed("")),
        (Mutation::RunOldGeneration, rerun("")),
        (Mutation::NoReplay, Scenario::keyed("")),
        (Mutation::ParkByVisibility, parked("")),
    ];
    for (mistake, scenario) in mistakes {
        let scenario = Scenario {
            mutation: Some(mistake),
            ..scenario
        };
        let report = search(&scenario);
        let (property, history) = report
            .broken
            .unwrap_or_else(|| panic!("{mistake:?} is not seen"));
        println!("{mistake:?}: {property}, in {} actions", history.len() - 1);
    }
}
