//! Messages of an old generation: they do not run, and let go of what they hold.

use std::time::Duration;

use holdfast_engine::id::EventId;
use holdfast_engine::key;
use holdfast_engine::port::{Ports as _, Table, Verdict};
use holdfast_tests::world::{Behaviour, Rest, Story};

const ONCE: &str = "- { id: s, uses: raw-effect, unknown: retry, retry: [30s], once: event.name, with: { to: a } }";

const PLAIN: &str = "- { id: s, uses: raw-effect, retry: [30s], with: { to: a } }";

/// Raises the generation.
fn outdate(story: &Story) {
    let generation = key::generation(&story.execution);
    story
        .world
        .memory
        .journal()
        .seed(generation, "2".to_owned());
}

/// Sends the first step of the new generation.
fn rerun(story: &Story) {
    let context = story.world.context(EventId::from_text("sent:1"), None);
    story.world.dispatch(&story.execution, 2, &context);
}

fn claims(story: &Story) -> usize {
    story.world.memory.journal().items(Table::Claims, "").len()
}

fn second(story: &Story) -> &'static str {
    let key = format!("{}#2#s.1", story.execution.execution);
    let seen = story.seen();
    seen.entries
        .get(&key)
        .map_or("none", |entry| entry.state.name())
}

#[test]
fn a_message_of_an_old_generation_is_dropped() {
    let story = Story::of(PLAIN);
    outdate(&story);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.rest(), Rest::default());
    assert_eq!(
        (story.state("s.1"), story.world.script.attempts()),
        ("none", 0)
    );
    rerun(&story);
    assert_eq!(story.run(), Rest::after(&["s.1"]));
    assert_eq!(second(&story), "succeeded");
}

#[test]
fn an_old_step_that_waits_for_its_next_attempt_is_dropped_where_it_holds_nothing() {
    let story = Story::of(PLAIN).plays("s.1", [Behaviour::Transient(None)]);
    story.deliver();
    let before = story.entry("s.1");
    outdate(&story);
    assert_eq!(story.run(), Rest::default());
    assert_eq!(story.entry("s.1"), before);
}

#[test]
fn an_old_step_that_did_nothing_frees_its_once_key_for_the_new_generation() {
    let story = Story::of(ONCE).plays("s.1", [Behaviour::Transient(None)]);
    story.deliver();
    assert_eq!(claims(&story), 1);
    outdate(&story);
    story.world.wait();
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!((claims(&story), story.state("s.1")), (0, "retrying"));
    rerun(&story);
    assert_eq!(story.run(), Rest::after(&["s.1"]));
    assert_eq!(second(&story), "succeeded");
}

#[test]
fn an_old_step_that_may_have_acted_holds_its_once_key_and_asks_a_person() {
    let story = Story::of(ONCE).plays("s.1", [Behaviour::Unknown(true)]);
    story.deliver();
    outdate(&story);
    rerun(&story);
    assert!(
        !story.world.run_for(Duration::from_hours(1)),
        "the new one waits"
    );
    let rest = Rest::after(&["s.1"]).queued(1);
    assert_eq!(story.rest(), rest.reviews(&["s.1 Retired"]));
    assert_eq!(
        (story.state("s.1"), second(&story), claims(&story)),
        ("unknown", "none", 1)
    );
}

#[test]
fn an_old_step_at_work_is_waited_for_and_then_left_to_a_person() {
    for steps in [PLAIN, ONCE] {
        let story = Story::of(steps).plays("s.1", [Behaviour::Hang(true)]);
        let flight = story.begin();
        let receipt = flight.receipt().clone();
        outdate(&story);
        story.world.memory.queue().reappear(&receipt);
        assert_eq!(story.deliver(), Verdict::Acknowledge);
        assert_eq!(story.rest(), Rest::after(&["s.1"]).queued(1));
        drop(flight);
        let rest = Rest::after(&["s.1"]).reviews(&["s.1 ClaimAbandoned"]);
        assert_eq!(story.run(), rest);
        assert_eq!(
            story.state("s.1"),
            "unknown",
            "its policy does not retry it"
        );
        assert_eq!(claims(&story), usize::from(steps == ONCE));
    }
}

#[test]
fn an_old_step_at_work_may_still_succeed() {
    let story = Story::of(ONCE);
    story.world.faults.interleave(true);
    let mut flight = story.world.take(0).expect("the step was sent");
    while story.state("s.1") == "none" {
        assert_eq!(flight.poll(&story.world), None);
    }
    story.world.faults.interleave(false);
    outdate(&story);
    flight.finish(&story.world);
    assert_eq!(story.state("s.1"), "succeeded");
}

#[test]
fn a_settled_step_of_an_old_generation_sends_nothing_again() {
    let steps = format!("{PLAIN}\n- {{ id: next, uses: keyed-effect, with: {{ to: b }} }}");
    let story = Story::of(&steps);
    let first = story.world.take(0).map(|flight| flight.received().clone());
    let first = first.expect("the step was sent");
    story.world.memory.queue().reappear(&first.receipt);
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
    outdate(&story);
    story.world.memory.queue().resurrect(&first);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.rest(), Rest::after(&["s.1", "next.1"]));
}

#[test]
fn a_dead_letter_of_an_old_generation_does_not_run_when_it_is_redriven() {
    let story = Story::of(PLAIN).plays("s.1", [Behaviour::Permanent]);
    let rest = Rest::default().open(&["Refused"]);
    assert_eq!(story.run(), rest.clone().dead(1));
    outdate(&story);
    story.world.redrive();
    assert_eq!(story.run(), rest, "its error stays for a person");
    assert_eq!(story.world.script.attempts(), 1);
}

#[test]
fn a_message_of_the_stored_generation_or_a_later_one_runs() {
    let story = Story::of(PLAIN);
    story.run();
    let context = story.world.context(EventId::from_text("sent:1"), None);
    outdate(&story);
    for generation in [2, 3] {
        story.world.dispatch(&story.execution, generation, &context);
    }
    assert_eq!(story.run(), Rest::after(&["s.1", "s.1", "s.1"]));
    assert_eq!(second(&story), "succeeded");
}
