//! The path of alerts itself: a canary proves it every week, and its silence is an alarm.

use std::time::Duration;

use holdfast_engine::alert::{self, Path, Silence};
use holdfast_engine::port::Ports as _;
use holdfast_tests::ready::ready;

use crate::route::{Answer, Route, Unruly, minutes, tenant};

fn watched() -> Route {
    let route = Route::new(1, Unruly::default());
    ready(alert::begin_path(route.memory.as_ref(), &tenant())).unwrap();
    route
}

fn path(route: &Route) -> Path {
    let tenant = tenant();
    let path = alert::path_of(route.memory.journal(), &tenant);
    ready(path).unwrap().unwrap()
}

fn silent(route: &Route) -> Vec<Silence> {
    ready(alert::silences(route.memory.as_ref(), &[tenant()])).unwrap()
}

#[test]
fn a_canary_proves_the_path_after_a_minute_and_then_every_week() {
    let mut route = watched();
    for weeks in 1..4 {
        route.pass(if weeks == 1 {
            minutes(2)
        } else {
            minutes(7 * 24 * 60)
        });
        let posts = route.posts();
        assert_eq!(posts.len(), weeks, "{posts:?}");
        assert!(
            posts[weeks - 1].text.starts_with("P2 canary: "),
            "{posts:?}"
        );
        assert!(
            path(&route)
                .proven_at
                .is_some_and(|at| at >= posts[weeks - 1].at)
        );
        assert_eq!(silent(&route), []);
    }
    route.pass(minutes(60));
    assert_eq!(route.incidents(), 0);
}

#[test]
fn starting_again_neither_doubles_the_canary_nor_loses_it() {
    let mut route = watched();
    for _ in 0..3 {
        route.pass(minutes(24 * 60));
        ready(alert::begin_path(route.memory.as_ref(), &tenant())).unwrap();
    }
    assert_eq!(route.posts().len(), 1);
    route.pass(minutes(5 * 24 * 60));
    assert_eq!(route.posts().len(), 2);
}

#[test]
fn a_canary_that_reaches_nobody_is_an_alarm_within_the_hour_until_one_does() {
    let mut route = watched();
    route.answers("oncall", Some(Answer::Refused));
    route.pass(minutes(60));
    assert_eq!(silent(&route), []);
    route.pass(minutes(3));
    let found = silent(&route);
    assert_eq!(found.len(), 1);
    let shown = found[0].to_string();
    assert!(
        shown.starts_with("alert path of `demo` silent since "),
        "{shown}"
    );
    route.answers("oncall", None);
    route.pass(minutes(7 * 24 * 60));
    assert_eq!(silent(&route), []);
}

#[test]
fn a_timer_that_never_fires_is_an_alarm_too() {
    let mut route = watched();
    route.pass(minutes(2));
    let last = path(&route);
    assert_eq!(last.silent_since(last.next), None);
    let late = last.next + Duration::from_hours(2);
    assert_eq!(last.silent_since(late), Some(last.next));
}
