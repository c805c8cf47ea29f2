//! Operations that are counted at the same moment.

use holdfast_engine::definition::model::Severity;
use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_tests::meeting::{Met, Stalled};
use holdfast_tests::memory::{Condition, Received};

use crate::route::{Route, Unruly, minutes};
use std::time::Duration;

/// Receives a visible message.
pub fn received(route: &Route) -> Received {
    let queue = route.memory.queue();
    let received = queue.receive(0, Duration::from_mins(1));
    received.expect("a visible message")
}

fn handled(route: &Route, received: &Received) {
    let verdict = holdfast_tests::ready::ready(route.handler(received));
    assert_eq!(verdict, Verdict::Acknowledge);
    route.memory.queue().settle(&received.receipt, verdict);
}

fn new() -> Route {
    Route::new(1, Unruly::default())
}

/// What is wrong half an hour later: people were not told of so many.
fn untold(mut route: Route, expected: u64) -> Vec<String> {
    route.pass(minutes(30));
    let told = route.said().into_iter().map(|(_, _, count, _)| count).max();
    let wrong = (told != Some(expected)).then(|| format!("told of {told:?} of {expected}"));
    wrong.into_iter().collect()
}

/// Two more of the same fail; the second is counted while the first is.
fn two_more(route: Route, ignored: &[Condition], call: u64, expected: u64) -> Met {
    route.memory.journal().ignore(ignored.iter().copied());
    route.fail("1", "Refused", Severity::P2);
    let one = received(&route);
    route.fail("2", "Refused", Severity::P2);
    let other = received(&route);
    let first = Stalled::before(call, &route.faults, route.handler(&one));
    handled(&route, &other);
    let over = first.is_over();
    let verdict = first.goes_on();
    route.memory.queue().settle(&one.receipt, verdict);
    Met {
        over,
        wrong: untold(route, expected),
    }
}

/// They are the first ones.
pub fn begun_twice(ignored: &[Condition], call: u64) -> Met {
    two_more(new(), ignored, call, 2)
}

/// One has failed before.
pub fn counted_twice(ignored: &[Condition], call: u64) -> Met {
    let mut route = new();
    route.fail("0", "Refused", Severity::P2);
    route.settle();
    two_more(route, ignored, call, 3)
}

/// An incident ends since nothing happened in its window; then something does.
pub fn counted_while_it_ends(ignored: &[Condition], call: u64) -> Met {
    let mut route = new();
    route.fail("0", "Refused", Severity::P2);
    route.settle();
    route.memory.journal().ignore(ignored.iter().copied());
    let due = route.memory.timers().next_due().unwrap();
    route.memory.clock().advance_to(due);
    route.memory.timers().fire();
    let end = received(&route);
    let first = Stalled::before(call, &route.faults, route.handler(&end));
    let over = first.is_over();
    if !over {
        route.fail("1", "Refused", Severity::P2);
        let other = received(&route);
        handled(&route, &other);
    }
    let verdict = first.goes_on();
    route.memory.queue().settle(&end.receipt, verdict);
    // It is told with the count of the incident, or it began one of its own.
    route.pass(minutes(30));
    let untold = !over && route.said().len() < 2;
    let wrong = untold.then(|| "nobody was told of the second one".to_owned());
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}
