//! `once`: one effect per key, whichever executions ask for it.

use std::time::Duration;

use holdfast_engine::id::ExecutionRef;
use holdfast_engine::port::{Ports as _, Table, Verdict};
use holdfast_tests::world::{Behaviour, Rest, Story, Witness};

const ONCE: &str = "- { id: s, uses: keyed-effect, retry: [5s], once: event.name, with: { to: a } }\n\
                    - { id: next, uses: keyed-effect, with: { to: =steps.s.id } }";

/// Two executions whose first steps ask for one key.
fn two(steps: &str, first: impl IntoIterator<Item = Behaviour>) -> (Story, ExecutionRef) {
    let story = Story::of(steps).plays("s.1", first);
    let other = story.world.start("sent:2");
    (story, other)
}

fn state(story: &Story, execution: &ExecutionRef) -> &'static str {
    Witness::of(&story.world).state(execution, "s.1")
}

/// What is known of the key: nothing, or the state of its claim.
fn claim(story: &Story) -> Option<String> {
    let mut claims = story.world.memory.journal().items(Table::Claims, "");
    claims.retain(|(key, _)| key.partition.contains("#once#"));
    assert!(claims.len() < 2, "one key has one claim");
    let claim = claims.into_iter().next()?.1;
    let claim: serde_json::Value = serde_json::from_str(&claim.body).expect("a claim");
    claim["state"].as_str().map(str::to_owned)
}

#[test]
fn a_key_that_is_held_elsewhere_is_waited_for_without_a_claim() {
    let (story, other) = two(ONCE, [Behaviour::Hang(true)]);
    let mut flight = story.begin();
    assert_eq!(claim(&story).as_deref(), Some("pending"));
    let now = story.world.now();
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(state(&story, &other), "none");
    assert_eq!(story.rest(), Rest::after(&["s.1"]).queued(2));
    let asks = story.world.memory.queue().next_visible();
    assert_eq!(asks, Some(now + Duration::from_mins(1)));
    flight.finish(&story.world);
    assert_eq!(story.world.script.attempts(), 1);
}

#[test]
fn a_done_effect_is_not_repeated_and_its_result_is_the_result() {
    let (story, other) = two(ONCE, []);
    let rest = Rest::after(&["s.1", "next.1", "next.1"]);
    assert_eq!(story.run(), rest);
    let (seen, first) = (story.seen(), story.entry("s.1"));
    let second = seen.entry(&other, "s.1").expect("an entry");
    assert_eq!(second.state.name(), "succeeded");
    assert_eq!(second.output, first.output);
    let by = second.suppressed.as_ref().expect("who did it");
    assert_eq!(by.execution, story.execution);
    assert!(first.suppressed.is_none());
    assert_eq!(claim(&story).as_deref(), Some("done"));
}

#[test]
fn a_key_is_kept_as_a_hash() {
    let (story, _) = two(ONCE, []);
    story.run();
    let claims = story.world.memory.journal().items(Table::Claims, "");
    let (kept, item) = &claims[0];
    assert!(!format!("{kept:?}{}", item.body).contains("record.updated"));
}

#[test]
fn a_definite_failure_frees_the_key() {
    let (story, other) = two(ONCE, [Behaviour::Permanent]);
    assert_eq!(story.deliver(), Verdict::Fail);
    assert_eq!(claim(&story), None);
    let rest = Rest::after(&["s.1", "next.1"]).dead(1).open(&["Refused"]);
    assert_eq!(story.run(), rest);
    assert_eq!(state(&story, &other), "succeeded");
}

#[test]
fn a_failure_in_doubt_holds_the_key_until_a_person_decides() {
    let unknown = || Behaviour::Unknown(true);
    let (story, other) = two(ONCE, [unknown(), unknown()]);
    let quiet = story.world.run_for(Duration::from_hours(2));
    assert!(!quiet, "the other waits for as long as it takes");
    let held = Rest::after(&["s.1", "s.1"]).queued(1);
    assert_eq!(story.rest(), held.reviews(&["s.1 OutcomeUnknown"]));
    assert_eq!(story.state("s.1"), "unknown");
    assert_eq!(state(&story, &other), "none");
    assert_eq!(claim(&story).as_deref(), Some("pending"));
    assert_eq!(story.world.script.attempts(), 2);
}

#[test]
fn a_permanent_failure_after_one_in_doubt_holds_the_key() {
    let (story, _) = two(ONCE, [Behaviour::Unknown(true), Behaviour::Permanent]);
    assert!(!story.world.run_for(Duration::from_hours(1)));
    assert_eq!(claim(&story).as_deref(), Some("pending"));
    assert_eq!(story.rest().reviews, ["s.1 Refused"]);
}

#[test]
fn an_effect_is_done_again_when_its_time_is_over() {
    let hour = ONCE.replace("event.name", "{ key: event.name, for: 1h }");
    let story = Story::of(&hour);
    story.run();
    story.world.memory.clock().advance(Duration::from_mins(59));
    let suppressed = story.world.start("sent:2");
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1", "next.1"]));
    let seen = story.seen();
    assert!(
        seen.entry(&suppressed, "s.1")
            .expect("it")
            .suppressed
            .is_some()
    );
    story.world.memory.clock().advance(Duration::from_mins(2));
    story.world.start("sent:3");
    let rest = Rest::after(&["s.1", "next.1", "next.1", "s.1", "next.1"]);
    assert_eq!(story.run(), rest);
}

#[test]
fn a_retried_step_keeps_its_own_key() {
    let (story, other) = two(ONCE, [Behaviour::Transient(None)]);
    assert!(matches!(story.deliver(), Verdict::RetryAfter(_)));
    assert_eq!(claim(&story).as_deref(), Some("pending"));
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1", "next.1"]));
    let seen = story.seen();
    assert!(seen.entry(&other, "s.1").expect("it").suppressed.is_some());
}

#[test]
fn a_redriven_step_takes_its_key_again() {
    let story = Story::of(ONCE).plays("s.1", [Behaviour::Permanent]);
    story.run();
    story.world.redrive();
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["Refused"]);
    assert_eq!(story.run(), rest);
    assert_eq!(claim(&story).as_deref(), Some("done"));
}

const ACCEPTS: &str = "- { id: s, uses: raw-effect, once: event.name, unknown: fallback, with: { to: a },\n    \
                       fallback: [ { uses: keyed-effect, with: { to: b } } ] }";

#[test]
fn falling_back_in_doubt_holds_the_key_and_asks_a_person() {
    let (story, other) = two(ACCEPTS, [Behaviour::Unknown(true)]);
    assert!(!story.world.run_for(Duration::from_hours(1)));
    let held = Rest::after(&["s.1", "s.2"]).queued(1);
    assert_eq!(story.rest(), held.reviews(&["s.1 OutcomeUnknown"]));
    assert_eq!(story.state("s.1"), "fell-back");
    assert_eq!(state(&story, &other), "none");
    assert_eq!(claim(&story).as_deref(), Some("pending"));
}

#[test]
fn falling_back_from_an_expired_claim_holds_the_key_and_asks_a_person() {
    let (story, other) = two(ACCEPTS, [Behaviour::Hang(true)]);
    drop(story.begin());
    assert!(!story.world.run_for(Duration::from_hours(1)));
    let held = Rest::after(&["s.1", "s.2"]).queued(1);
    assert_eq!(story.rest(), held.reviews(&["s.1 ClaimAbandoned"]));
    assert_eq!(state(&story, &other), "none");
    assert_eq!(claim(&story).as_deref(), Some("pending"));
}

#[test]
fn falling_back_after_a_definite_failure_frees_the_key() {
    let (story, other) = two(ACCEPTS, [Behaviour::Permanent]);
    assert_eq!(story.run(), Rest::after(&["s.2", "s.1"]));
    assert_eq!(
        (story.state("s.1"), state(&story, &other)),
        ("fell-back", "succeeded")
    );
}
