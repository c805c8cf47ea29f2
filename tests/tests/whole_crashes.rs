//! A crash before and after every call that any function makes, of a port or a provider: the end
//! is the same as in the calm run.

use std::collections::BTreeSet;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::registry::catalog;
use holdfast_engine::name::FunctionName;
use holdfast_tests::faulty::When;
use holdfast_tests::whole::{Mishap, Run, Scenario, System, each};

/// The functions that a scenario's calm run calls.
fn functions(calm: &Run) -> BTreeSet<&str> {
    calm.flights
        .iter()
        .map(|(function, _)| function.as_str())
        .collect()
}

fn survives_every_crash(scenario: &Scenario) {
    let calm = Run::with(scenario, Mishap::None);
    let broken = each(2 * calm.calls(), |number| {
        let (nth, when) = (
            number / 2 + 1,
            [When::Before, When::After][(number % 2) as usize],
        );
        let run = Run::with(scenario, Mishap::Crash(nth, when));
        let caller = calm.caller(nth);
        assert_eq!(run.died.as_deref(), caller, "call {nth} was to crash");
        let differences = calm.end.differences(&scenario.pack, &run.end);
        let what = format!(
            "a crash {when:?} call {nth}, by {}",
            caller.unwrap_or_default()
        );
        (!differences.is_empty()).then(|| format!("{what}:\n{}", differences.join("\n")))
    });
    let broken: Vec<_> = broken.into_iter().flatten().collect();
    assert!(
        broken.is_empty(),
        "{} differ:\n{}",
        broken.len(),
        broken.join("\n\n")
    );
}

#[test]
fn a_day_at_the_dentists_survives_a_crash_at_every_call() {
    survives_every_crash(&Scenario::dental());
}

#[test]
fn a_cancelled_booking_survives_a_crash_at_every_call() {
    survives_every_crash(&Scenario::cancelled());
}

#[test]
fn racing_orders_survive_a_crash_at_every_call() {
    survives_every_crash(&Scenario::orders());
}

#[test]
fn a_refused_order_survives_a_crash_at_every_call() {
    survives_every_crash(&Scenario::refused());
}

#[test]
fn the_calm_runs_call_every_function() {
    let scenarios = [
        Scenario::dental(),
        Scenario::cancelled(),
        Scenario::orders(),
        Scenario::refused(),
    ];
    let runs: Vec<_> = scenarios
        .iter()
        .map(|scenario| Run::with(scenario, Mishap::None))
        .collect();
    let called: BTreeSet<_> = runs.iter().flat_map(functions).collect();
    let system = System::new(1, &scenarios[0]);
    let catalog = catalog::<VirtualClock>();
    let steps = catalog.0.keys().map(FunctionName::as_str);
    let functions = system
        .functions()
        .filter(|function| *function != "notify-oncall");
    for function in functions.chain(steps).chain(["receive-webhook"]) {
        assert!(called.contains(function), "no run calls {function}");
    }
}
