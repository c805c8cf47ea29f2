//! What may be lost: messages on their last receive, those that do not decode, those too old.

use std::time::Duration;

use holdfast_engine::operation::ReviewKind;
use holdfast_engine::port::{Ports as _, QueueName, Verdict};
use holdfast_tests::faulty::{Fault, Interrupted, Schedule, When};
use holdfast_tests::world::{Behaviour, Rest, Story};

const STEPS: &str = "- { id: s, uses: keyed-effect, retry: [30s, 2m], with: { to: a } }\n\
                     - { id: next, uses: keyed-effect, with: { to: b } }";

/// A step whose message has one receive left.
fn on_its_last(steps: &str) -> Story {
    let story = Story::of(steps);
    story.spend_receives();
    story
}

#[test]
fn a_message_that_does_not_decode_leaves_an_error_record_and_is_dead_lettered() {
    let story = Story::of(STEPS);
    story.run();
    let (queue, now) = (QueueName::of("keyed-effect"), story.world.now());
    story
        .world
        .memory
        .queue()
        .resend(&queue, "{ no envelope".to_owned(), now);
    assert_eq!(story.deliver(), Verdict::Fail);
    let rest = Rest::after(&["s.1", "next.1"]).open(&["Undecodable"]);
    assert_eq!(story.rest(), rest.clone().queued(1));
    assert_eq!(story.run(), rest.dead(1));
    let error = &story.seen().errors[0];
    assert_eq!(
        (error.envelope.as_str(), error.function.as_str()),
        ("{ no envelope", "keyed-effect")
    );
    assert_eq!(error.execution, None);
}

#[test]
fn a_message_whose_version_has_no_such_step_leaves_an_error_record() {
    let story = Story::of(STEPS);
    let queue = QueueName::of("keyed-effect");
    let body = story.world.memory.queue().bodies("keyed-effect").remove(0);
    story.run();
    let body = body.replace(r#""step":"s.1""#, r#""step":"gone.1""#);
    story
        .world
        .memory
        .queue()
        .resend(&queue, body, story.world.now());
    assert_eq!(story.deliver(), Verdict::Fail);
    assert_eq!(story.rest().open, ["Undecodable"]);
}

#[test]
fn on_the_last_receive_an_error_is_there_before_the_step_acts() {
    let story = on_its_last(STEPS).plays("s.1", [Behaviour::Hang(true)]);
    let died = story.begin();
    let rest = Rest::after(&["s.1"]).open(&["Crashed"]);
    assert_eq!(story.rest(), rest.clone().queued(1));
    let entry = story.entry("s.1");
    assert_eq!(entry.state.name(), "retrying");
    assert_eq!(
        entry.error.map(|error| error.code),
        Some("Crashed".to_owned())
    );
    drop(died);
    assert_eq!(story.run(), rest.dead(1));
}

#[test]
fn what_crashed_on_its_last_receive_is_redriven_and_its_error_closed() {
    let story = on_its_last(STEPS).plays("s.1", [Behaviour::Hang(true)]);
    drop(story.begin());
    story.run();
    assert_eq!(story.world.redrive(), 1);
    let rest = Rest::after(&["s.1", "s.1", "next.1"]).closed(&["Crashed"]);
    assert_eq!(story.run(), rest);
    assert_eq!(story.world.effects.distinct("keyed-effect"), 2);
}

#[test]
fn no_error_is_written_before_the_last_receive() {
    let story = Story::of(STEPS).plays("s.1", [Behaviour::Hang(true)]);
    drop(story.begin());
    assert_eq!(story.rest(), Rest::after(&["s.1"]).queued(1));
    assert_eq!(story.state("s.1"), "none", "it needs no claim");
}

#[test]
fn a_success_on_the_last_receive_closes_the_error_after_what_follows_is_sent() {
    let story = on_its_last(STEPS);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let rest = Rest::after(&["s.1"]).closed(&["Crashed"]);
    assert_eq!(story.rest(), rest.queued(1));
    assert_eq!(
        story.run(),
        Rest::after(&["s.1", "next.1"]).closed(&["Crashed"])
    );
}

#[test]
fn a_retry_on_the_last_receive_is_sent_anew() {
    let story = on_its_last(STEPS).plays("s.1", [Behaviour::Transient(None)]);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.rest(), Rest::default().queued(1).closed(&["Crashed"]));
    assert_eq!(story.state("s.1"), "retrying");
    story.world.wait();
    let copy = story.world.take(0).expect("the copy");
    assert_eq!(copy.received().delivery.receive_count, 1);
    story.world.memory.queue().reappear(copy.receipt());
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["Crashed"]);
    assert_eq!(story.run(), rest);
    assert!(
        story
            .entry("s.1")
            .error
            .is_none_or(|error| error.code == "Crashed")
    );
}

#[test]
fn a_failure_on_the_last_receive_takes_the_place_of_the_crash() {
    let story = on_its_last(STEPS).plays("s.1", [Behaviour::Permanent]);
    assert_eq!(story.deliver(), Verdict::Fail);
    let rest = Rest::default()
        .dead(1)
        .open(&["Refused"])
        .closed(&["Crashed"]);
    assert_eq!(story.run(), rest);
    assert_eq!(
        story.entry("s.1").error.map(|error| error.code),
        Some("Refused".to_owned())
    );
}

#[test]
fn a_fallback_on_the_last_receive_closes_the_crash_once_it_is_sent() {
    let fallback = "with: { to: a }, fallback: [ { uses: raw-effect, with: { to: c } } ]";
    let story = on_its_last(&STEPS.replace("with: { to: a }", fallback));
    let story = story.plays("s.1", [Behaviour::Permanent]);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.rest(), Rest::default().queued(1).closed(&["Crashed"]));
    assert_eq!(story.run().arrived, ["s.2", "next.1"]);
}

#[test]
fn an_outcome_in_doubt_on_the_last_receive_leaves_a_review_item_alone() {
    let story = on_its_last(&STEPS.replace("keyed-effect, retry: [30s, 2m]", "raw-effect"));
    let story = story.plays("s.1", [Behaviour::Unknown(true)]);
    let rest = Rest::after(&["s.1"]).closed(&["Crashed"]);
    assert_eq!(story.run(), rest.reviews(&["s.1 OutcomeUnknown"]));
}

#[test]
fn trouble_around_a_step_spends_receives_and_is_recorded_on_the_last() {
    let (fault, when) = (Fault::Unavailable, When::Before);
    let story = on_its_last(STEPS);
    // The definitions are read first; then the journal is.
    let read = Schedule::Nth(2, Interrupted { fault, when });
    story.world.faults.schedule(read);
    assert!(matches!(story.deliver(), Verdict::RetryAfter(_)));
    let rest = Rest::default().dead(1).open(&["StoreUnavailable"]);
    assert_eq!(story.run(), rest);
    story.world.redrive();
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["StoreUnavailable"]);
    assert_eq!(story.run(), rest);
}

#[test]
fn trouble_before_the_last_receive_is_only_waited_out() {
    let (fault, when) = (Fault::Throttle, When::Before);
    let story = Story::of(STEPS);
    story
        .world
        .faults
        .schedule(Schedule::Nth(2, Interrupted { fault, when }));
    assert_eq!(story.deliver(), Verdict::RetryAfter(Duration::from_secs(5)));
    assert_eq!(story.rest(), Rest::default().queued(1));
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
}

#[test]
fn an_envelope_that_was_due_a_month_ago_asks_a_person() {
    let story = Story::of(STEPS);
    story
        .world
        .memory
        .clock()
        .advance(Duration::from_hours(721));
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.run(), Rest::default().reviews(&["s.1 Overdue"]));
    assert_eq!(
        (story.state("s.1"), story.world.script.attempts()),
        ("none", 0)
    );
    assert_eq!(story.seen().reviews[0].kind, ReviewKind::FailedStep);
}

#[test]
fn an_envelope_that_is_not_quite_that_old_still_runs() {
    let story = Story::of(STEPS);
    story
        .world
        .memory
        .clock()
        .advance(Duration::from_hours(720));
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
}
