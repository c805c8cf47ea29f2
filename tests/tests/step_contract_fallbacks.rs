//! Fallbacks and unknown outcomes: what is known to have failed goes on, and what is not known is
//! left to a person.

use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_engine::{key, operation};
use holdfast_tests::world::{Behaviour, Rest, Story};

const CHAIN: &str = "- { id: s, uses: raw-effect, retry: [5s], with: { to: a }, fallback: [ { uses: keyed-effect, retry: [5s], with: { to: b } }, { uses: raw-effect, with: { to: c } } ] }\n\
                     - { id: next, uses: keyed-effect, with: { to: =steps.s.id } }";

const RAW: &str = "- { id: s, uses: raw-effect, with: { to: a } }\n\
                   - { id: next, uses: keyed-effect, with: { to: b } }";

fn states(story: &Story) -> [&'static str; 4] {
    ["s.1", "s.2", "s.3", "next.1"].map(|step| story.state(step))
}

#[test]
fn a_definite_failure_goes_to_the_fallback_and_is_acknowledged() {
    let story = Story::of(CHAIN).plays("s.1", [Behaviour::Permanent]);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let sent = story.entry("s.1").dispatch.expect("a dispatch").steps;
    assert_eq!(
        sent.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["s.2"]
    );
    assert_eq!(story.run(), Rest::after(&["s.2", "next.1"]));
    assert_eq!(
        states(&story),
        ["fell-back", "succeeded", "none", "succeeded"]
    );
    assert_eq!(story.attempts("s.1"), [(1, "Refused".to_owned())]);
    let arrived = story.world.effects.all();
    assert!(arrived[0].key.ends_with(":s.2"), "it has a key of its own");
}

#[test]
fn an_exhausted_ladder_that_never_acted_goes_to_the_fallback() {
    let busy = || Behaviour::Transient(None);
    let story = Story::of(CHAIN).plays("s.1", [busy(), busy()]);
    assert_eq!(story.run(), Rest::after(&["s.2", "next.1"]));
    assert_eq!(story.world.script.attempts(), 4);
}

#[test]
fn only_the_last_of_a_chain_is_dead_lettered() {
    let mut story = Story::of(CHAIN);
    for step in ["s.1", "s.2", "s.3"] {
        story = story.plays(step, [Behaviour::Permanent]);
    }
    assert_eq!(story.run(), Rest::default().dead(1).open(&["Refused"]));
    assert_eq!(states(&story), ["fell-back", "fell-back", "failed", "none"]);
    let (queue, letter) = story.world.memory.queue().dead().remove(0);
    assert_eq!(queue.as_str(), "raw-effect");
    assert!(letter.body.contains(r#""step":"s.3""#), "{}", letter.body);
    story.world.redrive();
    let rest = Rest::after(&["s.3", "next.1"]).closed(&["Refused"]);
    assert_eq!(story.run(), rest);
}

#[test]
fn an_outcome_in_doubt_does_not_go_to_the_fallback() {
    let story = Story::of(CHAIN).plays("s.1", [Behaviour::Unknown(true)]);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 OutcomeUnknown"]);
    assert_eq!(story.run(), rest);
    assert_eq!(states(&story), ["unknown", "none", "none", "none"]);
}

#[test]
fn a_definite_failure_after_one_in_doubt_does_not_go_to_the_fallback() {
    let story = Story::of(CHAIN)
        .plays("s.1", [Behaviour::Permanent])
        .plays("s.2", [Behaviour::Unknown(true), Behaviour::Permanent]);
    let rest = Rest::after(&["s.2"]).reviews(&["s.2 Refused"]);
    assert_eq!(story.run(), rest);
    assert_eq!(states(&story), ["fell-back", "unknown", "none", "none"]);
}

#[test]
fn a_doubt_about_one_attempt_stays_whatever_comes_of_the_others() {
    let story = Story::of(&CHAIN.replace("[5s]", "[5s, 5s]").replace("raw", "keyed")).plays(
        "s.1",
        [
            Behaviour::Unknown(true),
            Behaviour::Transient(None),
            Behaviour::Permanent,
        ],
    );
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 Refused"]);
    assert_eq!(story.run(), rest);
    assert_eq!(states(&story), ["unknown", "none", "none", "none"]);
}

#[test]
fn what_needs_a_person_does_not_go_to_the_fallback() {
    let story = Story::of(CHAIN).plays("s.1", [Behaviour::NeedsReview]);
    assert_eq!(story.run(), Rest::default().dead(1).open(&["Ambiguous"]));
    assert_eq!(states(&story), ["failed", "none", "none", "none"]);
}

#[test]
fn a_step_that_fell_back_sends_the_same_fallback_when_it_is_delivered_again() {
    let story = Story::of(CHAIN).plays("s.1", [Behaviour::Permanent]);
    let first = story.world.take(0).map(|flight| flight.received().clone());
    let first = first.expect("the step was sent");
    story.world.memory.queue().reappear(&first.receipt);
    story.deliver();
    let sent = story.world.memory.queue().bodies("keyed-effect");
    story.run();
    story.world.memory.queue().resurrect(&first);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.world.memory.queue().bodies("keyed-effect"), sent);
    assert_eq!(story.run().arrived[..2], ["s.2", "next.1"]);
    assert_eq!(story.world.script.attempts(), 3, "nothing acted again");
}

#[test]
fn an_unknown_outcome_is_acknowledged_for_a_person_and_never_dead_lettered() {
    for behaviour in [
        Behaviour::Unknown(true),
        Behaviour::Unknown(false),
        Behaviour::Panic(true),
    ] {
        let code = if behaviour == Behaviour::Panic(true) {
            "Panicked"
        } else {
            "OutcomeUnknown"
        };
        let arrived: &[&str] = if behaviour == Behaviour::Unknown(false) {
            &[]
        } else {
            &["s.1"]
        };
        let story = Story::of(RAW).plays("s.1", [behaviour]);
        assert_eq!(story.deliver(), Verdict::Acknowledge);
        let review = format!("s.1 {code}");
        assert_eq!(story.run(), Rest::after(arrived).reviews(&[&review]));
        assert_eq!(states(&story), ["unknown", "none", "none", "none"]);
        let (seen, entry) = (story.seen(), story.entry("s.1"));
        assert_eq!(seen.reviews[0].kind, operation::ReviewKind::UnknownOutcome);
        assert_eq!(
            entry.error.map(|error| error.id),
            Some(seen.reviews[0].id.clone())
        );
    }
}

#[test]
fn an_attempt_that_hangs_ends_in_doubt_at_its_time() {
    let story = Story::of(RAW).plays("s.1", [Behaviour::Hang(true)]);
    let start = story.world.now();
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 TimedOut"]);
    assert_eq!(story.rest(), rest);
    assert_eq!((story.world.now().as_second() - start.as_second()), 10);
}

#[test]
fn a_review_item_that_is_gone_comes_back_with_the_next_delivery() {
    let story = Story::of(RAW).plays("s.1", [Behaviour::Unknown(true)]);
    let first = story.world.take(0).map(|flight| flight.received().clone());
    let first = first.expect("the step was sent");
    story.world.memory.queue().reappear(&first.receipt);
    story.run();
    let asked = story.seen().reviews.remove(0);
    let kept = key::operation(&asked.tenant, operation::REVIEW, &asked.id);
    story.world.memory.journal().forget(&kept);
    assert_eq!(story.rest(), Rest::after(&["s.1"]));
    story.world.memory.queue().resurrect(&first);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 OutcomeUnknown"]);
    assert_eq!(story.rest(), rest);
    let again = story.seen().reviews.remove(0);
    assert_eq!(
        (again.id, again.kind, again.subject),
        (asked.id, asked.kind, asked.subject)
    );
}

#[test]
fn a_review_item_that_is_settled_is_not_asked_again() {
    let story = Story::of(RAW).plays("s.1", [Behaviour::Unknown(true)]);
    let first = story.world.take(0).map(|flight| flight.received().clone());
    let first = first.expect("the step was sent");
    story.world.memory.queue().reappear(&first.receipt);
    story.run();
    let mut settled = story.seen().reviews.remove(0);
    settled.handling.status = operation::Status::Closed;
    let kept = key::operation(&settled.tenant, operation::REVIEW, &settled.id);
    let body = serde_json::to_string(&settled).expect("it encodes");
    story.world.memory.journal().seed(kept, body);
    story.world.memory.queue().resurrect(&first);
    assert_eq!(story.run(), Rest::after(&["s.1"]));
}

#[test]
fn a_queues_redrive_never_repeats_an_unknown_outcome() {
    let story = Story::of(RAW).plays("s.1", [Behaviour::Unknown(true)]);
    let created = story.world.now();
    let body = story.world.memory.queue().bodies("raw-effect").remove(0);
    story.run();
    story
        .world
        .memory
        .clock()
        .advance(std::time::Duration::from_mins(1));
    let queue = holdfast_engine::port::QueueName::of("raw-effect");
    story.world.memory.queue().resend(&queue, body, created);
    let rest = Rest::after(&["s.1"]).reviews(&["s.1 OutcomeUnknown"]);
    assert_eq!(story.run(), rest);
    assert_eq!(story.world.script.attempts(), 1);
}
