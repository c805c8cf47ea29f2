//! Two looks at one outcome, between which the record changes.

use holdfast_engine::key;
use holdfast_engine::operation::Status;
use holdfast_engine::port::Ports as _;
use holdfast_engine::promise::{Due, Verdict};
use holdfast_tests::meeting::{Met, Stalled};
use holdfast_tests::memory::Condition;
use holdfast_tests::ready::ready;

use crate::promised::Promised;

const WON: &str = "outcome: { expect: { record: record.status == 'won' }, within: 1d }";

const STEP: &str = "- { id: s, uses: raw-effect, with: { to: a } }";

/// An execution at its end, and what is due of it in a day.
fn owing() -> (Promised, Due) {
    let promised = Promised::routed(WON, STEP);
    let timers = promised.story.world.memory.timers().armed();
    promised.story.deliver();
    let due = serde_json::from_str(&timers[0].message.body).unwrap();
    (promised, due)
}

/// The same look, by the generation that a re-run began.
fn later(due: &Due) -> Due {
    let Due::Outcome(promise) = due else {
        panic!("an outcome is due")
    };
    let mut promise = promise.clone();
    promise.generation += 1;
    Due::Outcome(promise)
}

/// Whether the outcome is told as it is: missed, and then open, or neither.
fn contradiction(promised: &Promised) -> Vec<String> {
    let entry = promised.outcome().unwrap();
    let missed = matches!(entry.verdict, Verdict::Missed { .. });
    let errors = promised.story.seen().errors;
    let open = errors
        .iter()
        .any(|one| one.code == "OutcomeMissing" && one.handling.status == Status::Open);
    let wrong = (missed != open).then(|| {
        let verdict = entry.verdict.name();
        format!("the outcome is {verdict}, and its error is open: {open}")
    });
    wrong.into_iter().collect()
}

/// One finds the record as it was and stops; the record changes, and the other finds that.
fn looked_for_twice(
    (promised, due): (&Promised, &Due),
    (ignored, call): (&[Condition], u64),
    change: impl Fn(),
) -> bool {
    let world = &promised.story.world;
    world.memory.journal().ignore(ignored.iter().copied());
    let ports = world.probe().ports;
    let first = Stalled::before(
        call,
        &world.faults,
        holdfast_engine::promise::keep(ports.as_ref(), due),
    );
    let over = first.is_over();
    change();
    ready(holdfast_engine::promise::keep(ports.as_ref(), due)).unwrap();
    first.goes_on().unwrap();
    over
}

/// It is won at the last moment: nobody is told that it is not.
pub fn met_while_it_is_missed(ignored: &[Condition], call: u64) -> Met {
    let (promised, due) = owing();
    let change = || promised.keep("won", false);
    let over = looked_for_twice((&promised, &due), (ignored, call), change);
    let mut wrong = contradiction(&promised);
    if !over
        && promised
            .outcome()
            .is_some_and(|entry| entry.verdict != Verdict::Met)
    {
        wrong.push("what followed is missed".to_owned());
    }
    Met { over, wrong }
}

/// After a re-run it is won, and lost again: its error is open as long as it is missed.
pub fn missed_while_it_is_met(ignored: &[Condition], call: u64) -> Met {
    let (promised, due) = owing();
    promised.keep("won", false);
    let world = &promised.story.world;
    ready(holdfast_engine::promise::keep(world.memory.as_ref(), &due)).unwrap();
    let generation = key::generation(&promised.story.execution);
    world.memory.journal().seed(generation, "2".to_owned());
    let change = || promised.keep("new", false);
    let over = looked_for_twice((&promised, &later(&due)), (ignored, call), change);
    Met {
        over,
        wrong: contradiction(&promised),
    }
}
