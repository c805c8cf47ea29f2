//! Interruptions of the route: crashes, duplicates, disorder. What people are told stays the same.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_engine::definition::model::Severity;
use holdfast_engine::port::{Clock as _, Occasion, Ports as _, Table};
use holdfast_tests::faulty::{Interrupted, Schedule, When};
use holdfast_tests::random::Random;

use crate::route::{Route, Unruly, minutes};

type Told = BTreeSet<(String, String, u64, u32)>;

/// Two things fail, one of them three times and urgently; nobody answers for 50 minutes.
fn story(route: &mut Route) {
    for id in ["1", "2", "3"] {
        route.fail(id, "Refused", Severity::P1);
    }
    route.fail("4", "Unreachable", Severity::P2);
    route.pass(minutes(50));
}

/// What was said, each once.
fn told(route: &Route) -> Told {
    let alerts = route.memory.alerts().published().into_iter();
    alerts
        .map(|alert| {
            (
                alert.code,
                format!("{:?}", alert.occasion),
                alert.count,
                alert.tier,
            )
        })
        .collect()
}

/// How often each message was posted; every alert was, and each P1 that wants an answer by phone.
fn posted(route: &Route) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for post in route.posts() {
        *counts.entry(post.key).or_default() += 1;
    }
    for alert in route.memory.alerts().published() {
        let chat = format!("{}:oncall/chat", alert.id);
        assert!(counts.contains_key(&chat), "{alert:?} was not posted");
        let wants = matches!(alert.occasion, Occasion::First | Occasion::Escalated);
        if alert.severity == Severity::P1 && wants {
            let phone = format!("{}:oncall/phone", alert.id);
            assert!(counts.contains_key(&phone), "{alert:?} woke nobody");
        }
    }
    counts
}

fn calm() -> (Told, usize, u64) {
    let mut route = Route::new(1, Unruly::default());
    route.faults.schedule(Schedule::Never);
    story(&mut route);
    let posted = posted(&route);
    assert!(posted.values().all(|times| *times == 1), "{posted:?}");
    (told(&route), posted.len(), route.faults.calls())
}

#[test]
fn a_crash_at_every_port_call_changes_nothing_that_is_told() {
    let (expected, posts, calls) = calm();
    println!("a crash before and after each of {calls} calls");
    for call in 1..=calls {
        for when in [When::Before, When::After] {
            let mut route = Route::new(1, Unruly::default());
            let crash = Interrupted::crash(when);
            route.faults.schedule(Schedule::Nth(call, crash));
            story(&mut route);
            assert_eq!(told(&route), expected, "call {call}, {when:?}");
            let posted = posted(&route);
            assert_eq!(posted.len(), posts, "call {call}, {when:?}");
            let surplus: usize = posted.values().map(|times| times - 1).sum();
            assert!(surplus <= 1, "call {call}, {when:?}: {posted:?}");
        }
    }
}

#[test]
fn each_message_twice_and_in_any_order_tells_the_same_once() {
    let (expected, posts, _) = calm();
    for seed in 0..200 {
        let unruly = Unruly {
            doubled: 100,
            interleaved: false,
        };
        let mut route = Route::new(seed, unruly);
        story(&mut route);
        assert_eq!(told(&route), expected, "seed {seed}");
        let posted = posted(&route);
        assert_eq!(posted.len(), posts, "seed {seed}");
        assert!(
            posted.values().all(|times| *times == 1),
            "seed {seed}: {posted:?}"
        );
    }
}

/// How many schedules of everything at once.
const SCHEDULES: u64 = 1_500;

/// Faults of every kind, duplicates, disorder and two deliveries at once: each operation is
/// counted once, and each thing that happens alike is told at once, and again with the count.
#[test]
fn whatever_interrupts_the_route_everything_is_told_and_nothing_is_told_often() {
    let mut told_at_most = 0;
    for seed in 0..SCHEDULES {
        let unruly = Unruly {
            doubled: 20,
            interleaved: true,
        };
        let mut route = Route::new(seed, unruly);
        let percent = 1 + usize::try_from(seed % 12).unwrap();
        let schedule = Schedule::Seeded(Random::new(seed), percent);
        route.faults.schedule(schedule);
        for id in ["1", "2", "3"] {
            route.fail(id, "Refused", Severity::P1);
        }
        route.fail("4", "Unreachable", Severity::P2);
        route.pass(minutes(4));
        route.faults.schedule(Schedule::Never);
        route.pass(minutes(46));
        told_at_most = told_at_most.max(check(&route, seed));
    }
    println!("{SCHEDULES} schedules, at most {told_at_most} alerts");
}

fn check(route: &Route, seed: u64) -> usize {
    for id in ["1", "2", "3", "4"] {
        let operation = route.operation(id);
        assert!(
            operation.handling().alerted_at.is_some(),
            "seed {seed}: {id}"
        );
    }
    posted(route);
    assert_eq!(route.memory.queue().dead(), [], "seed {seed}");
    let mut counts = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for alert in route.memory.alerts().published() {
        ids.insert(alert.id);
        let most: &mut u64 = counts.entry(alert.code).or_default();
        *most = alert.count.max(*most);
    }
    let expected = [("Refused".to_owned(), 3), ("Unreachable".to_owned(), 1)];
    assert_eq!(
        counts,
        BTreeMap::from(expected),
        "seed {seed}: {:?}",
        route.said()
    );
    let firsts = route
        .said()
        .into_iter()
        .filter(|(_, occasion, ..)| *occasion == Occasion::First);
    assert_eq!(firsts.count(), 2, "seed {seed}: {:?}", route.said());
    for (_, item) in route.memory.journal().items(Table::Claims, "demo#alert#") {
        assert!(
            !item.body.contains("unpublished"),
            "seed {seed}: {}",
            item.body
        );
    }
    let latest = route.memory.clock().now();
    assert!(route.posts().iter().all(|post| post.at <= latest));
    ids.len()
}
