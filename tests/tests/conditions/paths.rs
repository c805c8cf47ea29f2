//! The path of alerts, begun twice and proven late.

use holdfast_engine::alert;
use holdfast_engine::port::Ports as _;
use holdfast_tests::meeting::{Met, Stalled};
use holdfast_tests::memory::Condition;
use holdfast_tests::ready::ready;

use crate::incidents::received;
use crate::route::{Route, Unruly, minutes, tenant};

const WEEK: u64 = 7 * 24 * 60;

/// Two processes start; the canary of one has proven the path before the other goes on.
pub fn begun_twice(ignored: &[Condition], call: u64) -> Met {
    let mut route = Route::new(1, Unruly::default());
    route.memory.journal().ignore(ignored.iter().copied());
    let (ports, of) = (
        holdfast_tests::faulty::Faulty::new(route.memory.clone(), &route.faults),
        tenant(),
    );
    let first = Stalled::before(call, &route.faults, alert::begin_path(&ports, &of));
    let over = first.is_over();
    ready(alert::begin_path(route.memory.as_ref(), &of)).unwrap();
    route.pass(minutes(2));
    first.goes_on().unwrap();
    let path = ready(alert::path_of(route.memory.journal(), &of)).unwrap();
    let lost = path.is_none_or(|path| path.proven_at.is_none());
    let wrong = lost.then(|| "nobody knows that the path was proven".to_owned());
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// The canary is posted, and its function stops until the next one is due.
pub fn proven_late(ignored: &[Condition], call: u64) -> Met {
    let mut route = Route::new(1, Unruly::default());
    ready(alert::begin_path(route.memory.as_ref(), &tenant())).unwrap();
    route.memory.clock().advance(minutes(1));
    route.memory.timers().fire();
    // The canary is due, its operation is counted, and then published.
    for _ in 0..3 {
        let message = received(&route);
        let verdict = ready(route.handler(&message));
        route.memory.queue().settle(&message.receipt, verdict);
    }
    route.memory.journal().ignore(ignored.iter().copied());
    let canary = received(&route);
    assert_eq!(canary.delivery.queue.as_str(), "notify-oncall");
    let (memory, faults) = (route.memory.clone(), route.faults.clone());
    let ports = holdfast_tests::faulty::Faulty::new(memory, &faults);
    let alert = serde_json::from_str(&canary.delivery.body).unwrap();
    let first = Stalled::before(call, &faults, alert::proven(&ports, &alert));
    let over = first.is_over();
    route.pass(minutes(WEEK + 2));
    first.goes_on().unwrap();
    route.pass(minutes(WEEK));
    let tried = route.posts().len();
    let wrong = (tried < 3).then(|| format!("tried {tried} times in two weeks"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}
