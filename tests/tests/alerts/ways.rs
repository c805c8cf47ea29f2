//! The ways to people: each on its own, one in place of another, and what is left when none works.

use holdfast_engine::definition::model::Severity;
use holdfast_engine::key;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Ports as _, Table};

use crate::route::{Answer, Post, Route, Unruly, minutes};

fn route() -> Route {
    Route::new(1, Unruly::default())
}

/// Chat, or a phone, with the way in its key.
fn ways(posts: &[Post]) -> Vec<&str> {
    let way = |post: &'_ Post| post.key.rfind('/').unwrap_or_default();
    posts
        .iter()
        .map(|post| &post.key[way(post) + 1..])
        .collect()
}

fn first_hour(connection: &str, answer: Answer, severity: Severity) -> Route {
    let mut route = route();
    route.answers(connection, Some(answer));
    route.fail("1", "Refused", severity);
    route.pass(minutes(4));
    route
}

#[test]
fn a_chat_that_fails_keeps_no_phone_from_ringing_and_is_tried_again() {
    let mut route = first_hour("oncall", Answer::Busy, Severity::P1);
    assert_eq!(ways(&route.posts()), ["phone"]);
    route.answers("oncall", None);
    route.pass(minutes(6));
    let first = route.memory.alerts().published().remove(0).id;
    let posts = route.posts().into_iter();
    let posts: Vec<_> = posts.filter(|post| post.key.starts_with(&first)).collect();
    assert_eq!(ways(&posts), ["phone", "chat"]);
}

#[test]
fn a_phone_that_fails_for_good_is_said_in_chat() {
    let route = first_hour("pager", Answer::Refused, Severity::P1);
    let posts = route.posts();
    assert_eq!(ways(&posts), ["chat", "chat-instead"]);
    assert!(format!("{:?}", posts[1].blocks).contains("could not be reached"));
}

#[test]
fn a_chat_that_fails_for_good_is_replaced_by_a_phone() {
    for answer in [Answer::Refused, Answer::Busy] {
        let mut route = first_hour("oncall", answer, Severity::P2);
        route.pass(minutes(30));
        assert_eq!(ways(&route.posts()), ["phone-instead"], "{answer:?}");
        assert_eq!(route.memory.queue().dead().len(), 0);
    }
}

#[test]
fn what_reaches_nobody_is_recorded_and_calls_nobody() {
    let mut route = route();
    route.answers("oncall", Some(Answer::Refused));
    route.answers("pager", Some(Answer::Refused));
    route.fail("1", "Refused", Severity::P1);
    route.pass(minutes(4));
    assert_eq!(route.posts(), []);
    let items = route
        .memory
        .journal()
        .items(Table::Operations, "demo#error#");
    let operations = items
        .iter()
        .map(|(key, item)| Operation::decode(&key.partition, &item.body));
    let lost: Vec<_> = operations
        .map(Result::unwrap)
        .filter(|one| one.id() != "1")
        .collect();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(
        (lost[0].code(), lost[0].function()),
        ("AlertUndelivered", "notify-oncall")
    );
    assert!(lost[0].handling().alerted_at.is_some(), "it is logged");
    assert_eq!(route.memory.queue().dead().len(), 1);
    assert_eq!(route.said().len(), 1, "and nothing is said about it");
}

#[test]
fn a_redrive_of_what_reached_nobody_tries_again() {
    let mut route = route();
    for connection in ["oncall", "pager"] {
        route.answers(connection, Some(Answer::Refused));
    }
    route.fail("1", "Refused", Severity::P1);
    route.pass(minutes(4));
    for connection in ["oncall", "pager"] {
        route.answers(connection, None);
    }
    assert_eq!(route.memory.queue().redrive(), 1);
    route.settle();
    assert_eq!(ways(&route.posts()), ["phone", "chat"]);
}

#[test]
fn what_belongs_to_no_tenant_is_told_to_somebody() {
    let mut route = route();
    let mut unowned = route.record("1", "Undecodable", Severity::P1);
    (unowned.tenant, unowned.version) = (None, None);
    route.put(&Operation::Error(unowned));
    route.pass(minutes(4));
    assert_eq!(ways(&route.posts()), ["phone", "chat"]);
    let key = key::unowned_error("1");
    assert!(
        route
            .memory
            .journal()
            .item(&key)
            .unwrap()
            .body
            .contains("alerted_at")
    );
}
