//! A crash, and a failure, before and after every call that any function makes, of a port or a
//! provider: the end is the same as in the calm run.

use std::collections::BTreeSet;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::registry::catalog;
use holdfast_engine::name::FunctionName;
use holdfast_tests::faulty::{Fault, Interrupted, When};
use holdfast_tests::whole::{Mishap, Run, Scenario, System, each};

/// What happens around each call; conflicts and throttles are left to the random schedules.
const AROUND: [(Fault, When); 4] = [
    (Fault::Crash, When::Before),
    (Fault::Crash, When::After),
    (Fault::Unavailable, When::Before),
    (Fault::Unavailable, When::After),
];

/// How often one alert may arrive by one way when one thing went wrong: a crash between posting
/// and writing it down posts it twice.
const MOST_TOLD: usize = 2;

/// The functions that a scenario's calm run calls.
fn functions(calm: &Run) -> BTreeSet<&str> {
    calm.flights
        .iter()
        .map(|(function, _)| function.as_str())
        .collect()
}

fn survives(scenario: &Scenario, calm: &Run, nth: u64, around: Interrupted) -> Option<String> {
    let run = Run::with(scenario, Mishap::Fault(nth, around));
    let caller = calm.caller(nth);
    if around.fault == Fault::Crash {
        assert_eq!(run.died.as_deref(), caller, "call {nth} was to crash");
    }
    let mut differences = calm.end.differences(&scenario.pack, &run.end);
    if run.end.most_told > MOST_TOLD {
        differences.push(format!("an alert came {} times", run.end.most_told));
    }
    let what = format!("{around:?} call {nth}, by {}", caller.unwrap_or_default());
    (!differences.is_empty()).then(|| format!("{what}:\n{}", differences.join("\n")))
}

fn survives_every_failure(scenario: &Scenario) {
    let calm = Run::with(scenario, Mishap::None);
    let unlawful = calm.end.unlawful();
    assert!(unlawful.is_empty(), "{unlawful:#?}");
    assert!(calm.end.most_told <= 1, "a calm run repeats an alert");
    let ways = AROUND.len() as u64;
    let broken = each(ways * calm.calls(), |number| {
        let (fault, when) = AROUND[(number % ways) as usize];
        survives(
            scenario,
            &calm,
            number / ways + 1,
            Interrupted { fault, when },
        )
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
fn a_day_at_the_dentists_survives_a_failure_of_every_call() {
    survives_every_failure(&Scenario::dental());
}

#[test]
fn a_cancelled_booking_survives_a_failure_of_every_call() {
    survives_every_failure(&Scenario::cancelled());
}

#[test]
fn racing_orders_survive_a_failure_of_every_call() {
    survives_every_failure(&Scenario::orders());
}

#[test]
fn a_refused_order_that_is_redriven_survives_a_failure_of_every_call() {
    survives_every_failure(&Scenario::mended());
}

#[test]
fn a_party_survives_a_failure_of_every_call() {
    survives_every_failure(&Scenario::party());
}

/// Calls of a step until after its effect.
const CALLS: u64 = 7;

#[test]
fn what_dies_at_its_last_receive_and_is_redriven_leaves_no_error_open() {
    let scenario = Scenario::mended();
    let calm = Run::with(&scenario, Mishap::None);
    let broken = each(calm.flights.len() as u64 * CALLS, |number| {
        let mishap = Mishap::Buried((number / CALLS) as usize, number % CALLS + 1);
        let run = Run::with(&scenario, mishap);
        let mut unlawful = run.end.unlawful();
        unlawful.extend(
            run.swept
                .iter()
                .map(|left| format!("left to a sweep: {left}")),
        );
        (!unlawful.is_empty()).then(|| format!("{mishap:?}:\n{}", unlawful.join("\n")))
    });
    let broken: Vec<_> = broken.into_iter().flatten().collect();
    let shown = broken[..broken.len().min(8)].join("\n\n");
    assert!(broken.is_empty(), "{} differ:\n{shown}", broken.len());
}

#[test]
fn the_calm_runs_call_every_function() {
    let scenarios = [
        Scenario::dental(),
        Scenario::cancelled(),
        Scenario::orders(),
        Scenario::mended(),
    ];
    let runs: Vec<_> = scenarios
        .iter()
        .map(|scenario| Run::with(scenario, Mishap::None))
        .collect();
    let called: BTreeSet<_> = runs.iter().flat_map(functions).collect();
    let system = System::new(1, &scenarios[0]);
    let catalog = catalog::<VirtualClock>();
    let steps = catalog.0.keys().map(FunctionName::as_str);
    for function in system.functions().chain(steps).chain(["receive-webhook"]) {
        assert!(called.contains(function), "no run calls {function}");
    }
}
