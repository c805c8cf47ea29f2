//! Who is called, when and how often.

use std::time::Duration;

use holdfast_engine::alert::{self, AcknowledgeError};
use holdfast_engine::breaker::BREAKER_OPENED;
use holdfast_engine::definition::model::Severity;
use holdfast_engine::operation::{Handling, Mark, Operation};
use holdfast_engine::port::{Clock as _, Occasion, Ports as _};
use holdfast_tests::ready::ready;

use crate::route::{Route, Unruly, minutes};

fn route() -> Route {
    Route::new(1, Unruly::default())
}

fn occasions(route: &Route) -> Vec<Occasion> {
    route
        .said()
        .into_iter()
        .map(|(_, occasion, ..)| occasion)
        .collect()
}

#[test]
fn of_2_400_failures_in_half_an_hour_the_first_is_told_at_once_and_fewer_than_ten_are() {
    let mut route = route();
    for number in 0..2_400 {
        route.fail(&number.to_string(), "Refused", Severity::P2);
        route.pass(Duration::from_millis(750));
        if number == 0 {
            assert_eq!(route.posts().len(), 1, "at once");
        }
    }
    route.pass(minutes(24 * 60));
    let said = route.said();
    println!("2,400 failures: {} alerts", said.len());
    assert!(said.len() < 10, "{said:?}");
    let told = said
        .iter()
        .filter(|(_, occasion, ..)| *occasion == Occasion::Repeated);
    assert_eq!(told.map(|(_, _, count, _)| *count).max(), Some(2_400));
}

#[test]
fn a_p1_wakes_one_phone_after_the_other_until_somebody_answers() {
    let mut route = route();
    route.fail("1", "Refused", Severity::P1);
    route.pass(minutes(20));
    let calls: Vec<_> = route
        .posts()
        .into_iter()
        .filter_map(|post| post.to)
        .collect();
    assert_eq!(calls, ["+12025550142", "+12025550142", "+12025550143"]);
    let expected = [
        Occasion::First,
        Occasion::Unacknowledged,
        Occasion::Escalated,
    ];
    assert_eq!(occasions(&route), expected);
    let by = Mark {
        by: "ann".to_owned(),
        at: route.memory.clock().now(),
        reason: None,
    };
    let key = Route::key("1");
    let done = ready(alert::acknowledge(route.memory.as_ref(), &key, &by)).unwrap();
    assert_eq!(done.count, 1);
    let again = ready(alert::acknowledge(route.memory.as_ref(), &key, &by));
    assert!(matches!(again, Err(AcknowledgeError::Already(mark)) if mark == by));
    route.pass(minutes(30));
    assert_eq!(occasions(&route), expected, "no repeats, no escalation");
}

#[test]
fn what_happens_alike_after_somebody_answered_is_only_counted() {
    let mut route = route();
    route.fail("1", "Refused", Severity::P1);
    route.settle();
    let by = Mark {
        by: "ann".to_owned(),
        at: route.memory.clock().now(),
        reason: None,
    };
    ready(alert::acknowledge(
        route.memory.as_ref(),
        &Route::key("1"),
        &by,
    ))
    .unwrap();
    route.fail("2", "Refused", Severity::P1);
    route.pass(minutes(50));
    assert_eq!(occasions(&route), [Occasion::First, Occasion::Repeated]);
}

#[test]
fn a_p1_that_was_settled_or_taken_is_not_repeated() {
    for taken in [false, true] {
        let mut route = route();
        route.fail("1", "Refused", Severity::P1);
        route.settle();
        if taken {
            let mut operation = route.operation("1");
            operation.handling_mut().claimed = Some(Mark {
                by: "ann".to_owned(),
                at: route.memory.clock().now(),
                reason: None,
            });
            route.put(&operation);
        } else {
            route.close("1");
        }
        route.pass(minutes(50));
        assert_eq!(occasions(&route), [Occasion::First], "taken: {taken}");
        assert_eq!(route.incidents(), 0);
    }
}

#[test]
fn a_p3_and_what_fails_in_the_route_itself_call_nobody() {
    let mut route = route();
    route.fail("1", "Refused", Severity::P3);
    for function in ["handle-error", "notify-oncall"] {
        let mut own = route.record(function, "Undecodable", Severity::P1);
        own.function = function.to_owned();
        route.put(&Operation::Error(own));
    }
    route.pass(minutes(60));
    assert_eq!(route.said(), []);
    for id in ["1", "handle-error", "notify-oncall"] {
        assert!(route.operation(id).handling().alerted_at.is_some(), "{id}");
    }
}

#[test]
fn what_may_still_mend_itself_calls_nobody_until_it_did_not() {
    for mends in [true, false] {
        let mut route = route();
        let mut crashed = route.record("1", "Crashed", Severity::P2);
        let until = route.memory.clock().now() + minutes(2);
        crashed.handling.quiet_until = Some(until);
        route.put(&Operation::Error(crashed));
        route.pass(minutes(1));
        assert_eq!(route.said(), []);
        if mends {
            route.close("1");
        }
        route.pass(minutes(2));
        assert_eq!(route.said().len(), usize::from(!mends));
    }
}

#[test]
fn what_is_different_is_told_apart_and_what_is_over_may_begin_anew() {
    let mut route = route();
    route.fail("1", "Refused", Severity::P2);
    route.fail("2", "Unreachable", Severity::P2);
    route.pass(minutes(6));
    assert_eq!(occasions(&route), [Occasion::First, Occasion::First]);
    route.fail("3", "Refused", Severity::P2);
    route.pass(minutes(6));
    assert_eq!(occasions(&route).len(), 3);
}

#[test]
fn an_operation_that_opens_again_is_told_again() {
    let mut route = route();
    route.fail("1", "Refused", Severity::P2);
    route.pass(minutes(6));
    route.close("1");
    route.pass(minutes(1));
    let now = route.memory.clock().now();
    let mut operation = route.operation("1");
    let opened = Handling::opened(now, Severity::P2);
    *operation.handling_mut() = opened.again(operation.handling());
    route.put(&operation);
    route.settle();
    assert_eq!(occasions(&route), [Occasion::First, Occasion::First]);
}

#[test]
fn nobody_deciding_in_time_is_told_once_for_all_that_is_alike() {
    let mut route = route();
    for id in ["1", "2", "3"] {
        route.fail(id, "Refused", Severity::P2);
    }
    route.pass(minutes(25 * 60));
    let late: Vec<_> = route
        .said()
        .into_iter()
        .filter(|(minute, ..)| *minute >= 24 * 60)
        .collect();
    let late: Vec<_> = late
        .into_iter()
        .map(|(_, occasion, count, _)| (occasion, count))
        .collect();
    assert_eq!(late, [(Occasion::Overdue, 1), (Occasion::Repeated, 3)]);
}

#[test]
fn a_breaker_that_opens_and_closes_is_told_twice() {
    let mut route = route();
    let mut opened = route.record("1", BREAKER_OPENED, Severity::P2);
    opened.function = "workflow oncall/confirm".to_owned();
    route.put(&Operation::Error(opened));
    route.pass(minutes(15));
    route.close("1");
    route.pass(minutes(15));
    assert_eq!(occasions(&route), [Occasion::First, Occasion::Resolved]);
    assert!(route.posts()[0].text.ends_with("holdfast start confirm"));
}

#[test]
fn an_alert_holds_no_personal_value_and_names_the_commands() {
    let mut route = route();
    route.fail("1", "Refused", Severity::P1);
    route.settle();
    for post in route.posts() {
        let whole = format!("{}{:?}", post.text, post.blocks);
        assert!(!whole.contains("ann@"), "{whole}");
        assert!(post.text.contains("holdfast errors show 1"), "{whole}");
        if post.to.is_some() {
            assert!(
                post.text.len() <= 160 && post.text.starts_with("P1 "),
                "{whole}"
            );
        } else {
            assert!(
                whole.contains("holdfast redrive --queue send-email"),
                "{whole}"
            );
        }
    }
}
