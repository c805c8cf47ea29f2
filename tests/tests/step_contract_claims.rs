//! Claims: one that lives is waited for, and one that ran out goes by effect and policy.

use std::time::Duration;

use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_tests::world::{Behaviour, Flight, Rest, Story};

const RAW: &str = "- { id: s, uses: raw-effect, with: { to: a } }\n\
                   - { id: next, uses: keyed-effect, with: { to: b } }";

/// The longest attempt, and what a claim outlives it by.
const LEASE: Duration = Duration::from_secs(40);

/// How long a copy waits before it looks again at a live claim.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A step that acts and then hangs, and the delivery that hangs with it.
fn hanging(steps: &str) -> (Story, Flight) {
    let story = Story::of(steps).plays("s.1", [Behaviour::Hang(true)]);
    let flight = story.begin();
    assert_eq!(story.state("s.1"), "started");
    (story, flight)
}

/// A step whose process died after it acted, once its claim has run out.
fn abandoned(steps: &str) -> Story {
    let (story, flight) = hanging(steps);
    drop(flight);
    story
}

fn raw(terms: &str) -> String {
    RAW.replace("with: { to: a }", &format!("{terms}, with: {{ to: a }}"))
}

#[test]
fn a_live_claim_is_waited_for_by_a_delayed_copy_that_spends_no_receive() {
    let (story, mut flight) = hanging(RAW);
    let (queue, now) = (story.world.memory.queue(), story.world.now());
    queue.reappear(flight.receipt());
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.rest(), Rest::after(&["s.1"]).queued(1));
    assert_eq!(queue.next_visible(), Some(now + LOOK_AGAIN));
    assert!(
        LOOK_AGAIN < LEASE,
        "a claim mostly ends before its lease does"
    );
    flight.finish(&story.world);
    assert_eq!(story.state("s.1"), "unknown", "the first ended in doubt");
    story.world.wait();
    let copy = story.world.take(0).expect("the delayed copy");
    let first = flight.received();
    assert_ne!(
        copy.received().delivery.message_id,
        first.delivery.message_id
    );
    assert_eq!(copy.received().delivery.receive_count, 1);
    queue.reappear(copy.receipt());
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 TimedOut"]);
    assert_eq!(story.run(), rest);
    assert_eq!(story.world.script.attempts(), 1);
}

#[test]
fn waiting_for_a_claim_never_dead_letters() {
    let (story, flight) = hanging(RAW);
    for _ in 0..20 {
        story.world.memory.queue().reappear(flight.receipt());
        if let Some(copy) = story.world.take(0) {
            story.world.memory.queue().reappear(copy.receipt());
        }
        assert_eq!(story.deliver(), Verdict::Acknowledge);
        story.world.start("sent:1");
    }
    assert_eq!(story.rest().dead, 0);
    assert_eq!(story.rest().open, [""; 0]);
    assert_eq!(story.world.script.attempts(), 1);
}

#[test]
fn an_expired_claim_on_an_effect_that_may_have_happened_asks_a_person() {
    let story = abandoned(RAW);
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 ClaimAbandoned"]);
    assert_eq!(story.run(), rest);
    let entry = story.entry("s.1");
    assert_eq!(
        (entry.state.name(), entry.progress.maybe),
        ("unknown", true)
    );
    let review = &story.seen().reviews[0];
    assert_eq!(entry.error.map(|error| error.id), Some(review.id.clone()));
    assert_eq!(story.world.script.attempts(), 1);
}

#[test]
fn an_expired_claim_is_taken_over_where_the_author_accepts_a_second_effect() {
    let story = abandoned(&raw("unknown: retry"));
    assert_eq!(story.run(), Rest::after(&["s.1", "s.1", "next.1"]));
    let entry = story.entry("s.1");
    let progress = (entry.progress.attempt, entry.progress.maybe);
    assert_eq!((entry.state.name(), progress), ("succeeded", (2, true)));
}

#[test]
fn an_expired_claim_goes_to_the_fallback_where_the_author_accepts_both() {
    let fallback = "unknown: fallback, fallback: [ { uses: keyed-effect, with: { to: c } } ]";
    let story = abandoned(&raw(fallback));
    assert_eq!(story.run(), Rest::after(&["s.1", "s.2", "next.1"]));
    assert_eq!(
        (story.state("s.1"), story.state("s.2")),
        ("fell-back", "succeeded")
    );
    assert!(story.entry("s.1").progress.maybe);
    assert_eq!(story.attempts("s.1"), [(1, "ClaimAbandoned".to_owned())]);
}

#[test]
fn an_expired_claim_on_a_keyed_effect_is_taken_over_in_doubt() {
    let fallback = "fallback: [ { uses: keyed-effect, with: { to: c } } ]";
    let story = abandoned(&raw(fallback).replace("raw", "keyed"));
    assert_eq!(story.run(), Rest::after(&["s.1", "s.1", "next.1"]));
    assert_eq!(story.world.effects.distinct("keyed-effect"), 2);
    assert!(story.entry("s.1").progress.maybe);
}

#[test]
fn what_is_taken_over_and_then_fails_is_no_definite_failure() {
    let fallback = "fallback: [ { uses: keyed-effect, with: { to: c } } ]";
    let story = abandoned(&raw(fallback).replace("raw", "keyed"));
    let story = story.plays("s.1", [Behaviour::Permanent]);
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 Refused"]);
    assert_eq!(story.run(), rest);
    assert_eq!(
        (story.state("s.1"), story.state("s.2")),
        ("unknown", "none")
    );
}

#[test]
fn a_zombie_cannot_settle_a_step_that_another_has_taken_over() {
    let (story, mut zombie) = hanging(&raw("unknown: retry, retry: [5m]"));
    story.world.memory.clock().advance(LEASE);
    story.world.memory.queue().reappear(zombie.receipt());
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let settled = story.entry("s.1");
    zombie.finish(&story.world);
    assert_eq!(story.entry("s.1"), settled);
    assert_eq!(story.run(), Rest::after(&["s.1", "s.1", "next.1"]));
}

#[test]
fn a_claim_of_an_earlier_start_of_the_process_has_no_living_owner() {
    let mut story = Story::of(RAW).plays("s.1", [Behaviour::Hang(true)]);
    story.world = story.world.restarted("first");
    let flight = story.begin();
    let receipt = flight.receipt().clone();
    drop(flight);
    story.world.memory.queue().reappear(&receipt);
    let same = story.world.memory.snapshot();
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.state("s.1"), "started", "the same start waits");
    story.world.memory.restore(same);
    story.world = story.world.restarted("second");
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 ClaimAbandoned"]);
    assert_eq!(story.rest(), rest, "before the claim would have run out");
}
