//! Attempts that fail: the ladder, its end, and the way back by a redrive.

use std::time::Duration;

use holdfast_engine::definition::model::Severity;
use holdfast_engine::operation::Status;
use holdfast_engine::port::{Ports as _, QueueName, Verdict};
use holdfast_tests::world::{Behaviour, Rest, Story};

const LADDER: &str = "- { id: s, uses: keyed-effect, retry: [30s, 2m], with: { to: a } }\n\
                      - { id: next, uses: keyed-effect, with: { to: b } }";

fn busy() -> Behaviour {
    Behaviour::Transient(None)
}

fn waits(verdict: Verdict) -> Duration {
    match verdict {
        Verdict::RetryAfter(delay) => delay,
        other => panic!("it is not tried again: {other:?}"),
    }
}

fn around(seconds: u64) -> std::ops::RangeInclusive<Duration> {
    Duration::from_millis(seconds * 900)..=Duration::from_millis(seconds * 1100)
}

#[test]
fn a_failed_attempt_comes_back_after_each_delay_of_the_ladder() {
    let story = Story::of(LADDER).plays("s.1", [busy(), Behaviour::Unknown(true)]);
    assert!(around(30).contains(&waits(story.deliver())));
    let entry = story.entry("s.1");
    assert_eq!(
        (entry.state.name(), entry.progress.attempt),
        ("retrying", 2)
    );
    assert!(!entry.progress.maybe, "nothing was sent");
    assert_eq!(story.rest(), Rest::default().queued(1));
    story.world.wait();
    assert!(around(120).contains(&waits(story.deliver())));
    assert!(story.entry("s.1").progress.maybe, "it may have acted");
    assert_eq!(story.run(), Rest::after(&["s.1", "s.1", "next.1"]));
    let entry = story.entry("s.1");
    assert_eq!(
        (entry.state.name(), entry.progress.attempt),
        ("succeeded", 3)
    );
    assert!(entry.progress.maybe, "it is never unset");
    let expected = [(1, "NotSent".to_owned()), (2, "ReceiverFailed".to_owned())];
    assert_eq!(story.attempts("s.1"), expected);
}

#[test]
fn a_receiver_may_ask_for_a_longer_wait() {
    let asked = Duration::from_mins(10);
    let story = Story::of(LADDER).plays("s.1", [Behaviour::Transient(Some(asked))]);
    assert!(around(600).contains(&waits(story.deliver())));
}

#[test]
fn an_attempt_that_is_delivered_early_waits_until_it_is_due() {
    let story = Story::of(LADDER).plays("s.1", [busy()]);
    let flight = story.world.take(0).expect("the step was sent");
    let first = flight.received().clone();
    drop(flight);
    story.world.memory.queue().reappear(&first.receipt);
    let delay = waits(story.deliver());
    story.world.memory.queue().reappear(&first.receipt);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.world.script.attempts(), 1);
    let due = story.world.now() + delay;
    assert_eq!(story.world.memory.queue().next_visible(), Some(due));
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
}

#[test]
fn a_step_whose_ladder_is_over_fails_with_an_error_record_until_it_is_dead_lettered() {
    let story = Story::of(LADDER).plays("s.1", [busy(), busy(), busy()]);
    for _ in 0..2 {
        waits(story.deliver());
        story.world.wait();
    }
    assert_eq!(story.deliver(), Verdict::Fail);
    assert_eq!(story.rest(), Rest::default().queued(1).open(&["NotSent"]));
    assert_eq!(story.deliver(), Verdict::Fail, "it fails fast");
    assert_eq!(story.run(), Rest::default().dead(1).open(&["NotSent"]));
    assert_eq!(
        (story.state("s.1"), story.state("next.1")),
        ("failed", "none")
    );
    assert_eq!(story.world.script.attempts(), 3);
    let entry = story.entry("s.1");
    let error = &story.seen().errors[0];
    assert_eq!(entry.error.map(|error| error.id), Some(error.id.clone()));
    assert_eq!(
        (error.attempt, error.count, error.severity),
        (3, 1, Severity::P2)
    );
    assert_eq!(error.envelope, story.world.memory.queue().dead()[0].1.body);
}

#[test]
fn a_permanent_failure_is_not_tried_again() {
    let story = Story::of(LADDER).plays("s.1", [Behaviour::Permanent]);
    assert_eq!(story.deliver(), Verdict::Fail);
    assert_eq!(story.run(), Rest::default().dead(1).open(&["Refused"]));
    assert_eq!(story.world.script.attempts(), 1);
    assert!(!story.entry("s.1").progress.maybe);
}

#[test]
fn a_failure_that_needs_a_person_goes_the_way_of_failures() {
    let story = Story::of(LADDER).plays("s.1", [Behaviour::NeedsReview]);
    assert_eq!(story.run(), Rest::default().dead(1).open(&["Ambiguous"]));
    assert_eq!(story.state("s.1"), "failed");
}

#[test]
fn a_redrive_starts_the_attempts_again_and_closes_the_error() {
    let story = Story::of(LADDER).plays("s.1", [Behaviour::Permanent, busy()]);
    story.run();
    assert_eq!(story.world.redrive(), 1);
    waits(story.deliver());
    let entry = story.entry("s.1");
    assert_eq!(
        (entry.state.name(), entry.progress.attempt),
        ("retrying", 2)
    );
    assert_eq!(story.rest(), Rest::default().queued(1).closed(&["Refused"]));
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["Refused"]);
    assert_eq!(story.run(), rest);
    assert!(
        story.entry("s.1").error.is_none(),
        "a success names no error"
    );
}

#[test]
fn a_redriven_step_that_fails_again_opens_its_error_again() {
    let story = Story::of(LADDER).plays("s.1", [Behaviour::Permanent, Behaviour::Permanent]);
    story.run();
    story.world.redrive();
    assert_eq!(story.run(), Rest::default().dead(1).open(&["Refused"]));
    let error = &story.seen().errors[0];
    assert_eq!((error.count, error.handling.status), (2, Status::Open));
    assert!(error.first_at < error.last_at);
}

#[test]
fn a_redrive_is_accepted_once_however_many_copies_it_sends() {
    let story = Story::of(LADDER).plays("s.1", [Behaviour::Permanent, Behaviour::Permanent]);
    story.run();
    let (queue, letter) = story.world.memory.queue().dead()[0].clone();
    story.world.redrive();
    story
        .world
        .memory
        .queue()
        .resend(&queue, letter.body, letter.created);
    assert_eq!(story.run(), Rest::default().dead(1).open(&["Refused"]));
    assert_eq!(story.world.script.attempts(), 2, "one by the redrive");
}

#[test]
fn a_copy_that_was_sent_before_the_failure_is_dropped() {
    let story = Story::of(LADDER).plays("s.1", [Behaviour::Permanent]);
    story.world.start("sent:1");
    assert_eq!(story.deliver(), Verdict::Fail);
    let copy = story.world.take(1).map(|flight| flight.received().clone());
    let copy = copy.expect("two copies");
    story.world.memory.queue().reappear(&copy.receipt);
    assert_eq!(story.run(), Rest::default().dead(1).open(&["Refused"]));
    assert_eq!(story.world.script.attempts(), 1);
}

#[test]
fn a_copy_that_was_made_after_the_failure_is_no_redrive() {
    let story = Story::of(LADDER).plays("s.1", [Behaviour::Permanent]);
    story.run();
    story.world.memory.clock().advance(Duration::from_secs(1));
    story.world.start("sent:1");
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.rest(), Rest::default().dead(1).open(&["Refused"]));
    assert_eq!(story.world.script.attempts(), 1);
}

#[test]
fn a_success_is_never_performed_again_by_a_redrive() {
    let story = Story::of(LADDER);
    let body = story.world.memory.queue().bodies("keyed-effect").remove(0);
    let (queue, created) = (QueueName::of("keyed-effect"), story.world.now());
    story.run();
    story.world.memory.clock().advance(Duration::from_mins(1));
    story.world.memory.queue().resend(&queue, body, created);
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
}

/// What nobody has to find out is not called unknown: sending it again does no harm.
#[test]
fn a_receiver_that_failed_to_the_end_is_called_so_where_repeating_is_harmless() {
    let doubts = || [true; 3].map(Behaviour::Unknown);
    let keyed = Story::of(LADDER).plays("s.1", doubts());
    let rest = keyed.run();
    assert_eq!(
        (rest.open, rest.reviews.len()),
        (vec!["ReceiverFailed".to_owned()], 0)
    );
    let once = LADDER.replacen("with:", "once: event.name, with:", 1);
    let held = Story::of(&once).plays("s.1", doubts());
    let rest = held.run();
    assert_eq!(
        (rest.open.len(), rest.reviews),
        (0, vec!["s.1 OutcomeUnknown".to_owned()])
    );
}
