//! Two deliveries of one alert.

use holdfast_engine::definition::model::Severity;
use holdfast_engine::port::Ports as _;
use holdfast_tests::meeting::{Met, Stalled};
use holdfast_tests::memory::Condition;

use crate::incidents::received;
use crate::route::{Answer, Route, Unruly};

/// One of the two stops on its way: what the other posted meanwhile is not posted again, but for
/// the one message that it was about to post, or to write down.
fn told_twice(route: &Route, ignored: &[Condition], call: u64, expected: usize) -> Met {
    route.fail("1", "Refused", Severity::P1);
    // Counted, and then published.
    for _ in 0..2 {
        let message = received(route);
        let verdict = holdfast_tests::ready::ready(route.handler(&message));
        route.memory.queue().settle(&message.receipt, verdict);
    }
    route.memory.journal().ignore(ignored.iter().copied());
    let alert = received(route);
    assert_eq!(alert.delivery.queue.as_str(), "notify-oncall");
    let first = Stalled::before(call, &route.faults, route.handler(&alert));
    let over = first.is_over();
    holdfast_tests::ready::ready(route.handler(&alert));
    first.goes_on();
    let posts = route.posts().len();
    let wrong = (posts > expected + 1).then(|| format!("{posts} messages of {expected}"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// A phone and the chat.
pub fn two_ways(ignored: &[Condition], call: u64) -> Met {
    let route = Route::new(1, Unruly::default());
    told_twice(&route, ignored, call, 2)
}

/// A phone that cannot be reached, the chat, and the chat in its place.
pub fn three_ways(ignored: &[Condition], call: u64) -> Met {
    let route = Route::new(1, Unruly::default());
    route.answers("pager", Some(Answer::Refused));
    told_twice(&route, ignored, call, 2)
}
