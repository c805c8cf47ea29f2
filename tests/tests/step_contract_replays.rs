//! A step that is delivered again dispatches the same bytes, whatever changed in between.

use std::time::Duration;

use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_tests::memory::Received;
use holdfast_tests::world::{Rest, Story, World, compiled, compiled_with};
use serde_json::{Map, json};

const READS: &str = "- { id: s, uses: keyed-effect, with: { to: a } }\n\
                     - { id: aside, uses: raw-effect, async: true, with: { to: =record.owner.name } }\n\
                     - { id: next, uses: raw-effect, with: { to: \"{{ config.greeting }} {{ record.owner.name }} {{ now }}\" } }";

fn person(world: &World, name: &str) {
    world.seed_record("t/person/p1", "known", name);
}

fn configure(world: &World, greeting: &str) {
    let config = [("greeting".to_owned(), json!(greeting))];
    let config: Map<_, _> = config.into_iter().collect();
    world.memory.definitions().configure(config);
}

/// A workflow whose second and third steps read a record, the settings and the clock, with its
/// first step about to be delivered for the first time.
fn reading() -> (World, Received) {
    let world = World::scripted(1, &compiled(READS));
    configure(&world, "Hello");
    person(&world, "Ann");
    let record = json!({ "id": "1", "name": "Deal", "status": "new", "version": 1, "owner": "p1" });
    world.start_at(&World::home(), "w", "sent:1", Some(record));
    let first = world.take(0).map(|flight| flight.received().clone());
    let first = first.expect("the step was sent");
    world.memory.queue().reappear(&first.receipt);
    (world, first)
}

#[test]
fn a_replay_is_byte_equal_although_record_settings_and_clock_changed() {
    let (world, first) = reading();
    world.deliver();
    let sent = world.memory.queue().bodies("raw-effect");
    assert_eq!(sent.len(), 2);
    assert!(sent[1].contains("Hello Ann 20"), "{}", sent[1]);
    person(&world, "Bob");
    configure(&world, "Goodbye");
    world.memory.clock().advance(Duration::from_hours(5));
    world.memory.queue().resurrect(&first);
    world.deliver();
    let again = world.memory.queue().bodies("raw-effect");
    assert_eq!(again.len(), 4);
    assert_eq!(again[2..], sent);
    assert!(world.run());
    assert_eq!(world.effects.raw("raw-effect"), 2, "the copies act no more");
}

#[test]
fn a_dispatch_sees_the_record_as_it_is_when_the_step_succeeds() {
    let (world, _) = reading();
    person(&world, "Bob");
    world.deliver();
    let sent = world.memory.queue().bodies("raw-effect");
    assert!(sent[0].contains(r#""to":"Bob""#), "{}", sent[0]);
}

#[test]
fn an_execution_that_was_stopped_stays_so_although_the_record_changed_back() {
    let steps = "- { id: s, uses: keyed-effect, with: { to: a } }\n\
                 - { id: next, uses: keyed-effect, with: { to: b } }";
    let story = Story::with(&compiled_with("while: record.status == 'new'\n", steps));
    story.world.seed_record("t/deal/1", "won", "Deal");
    let first = story.world.take(0).map(|flight| flight.received().clone());
    let first = first.expect("the step was sent");
    story.world.memory.queue().reappear(&first.receipt);
    assert_eq!(story.run(), Rest::after(&["s.1"]));
    story.world.seed_record("t/deal/1", "new", "Deal");
    story.world.memory.queue().resurrect(&first);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.rest(), Rest::after(&["s.1"]));
}

#[test]
fn a_step_that_is_delivered_after_its_follower_is_done_changes_nothing() {
    let story = Story::of(
        "- { id: s, uses: keyed-effect, with: { to: a } }\n\
         - { id: next, uses: raw-effect, with: { to: =steps.s.id } }",
    );
    let first = story.world.take(0).map(|flight| flight.received().clone());
    let first = first.expect("the step was sent");
    story.world.memory.queue().reappear(&first.receipt);
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
    let before = story.world.memory.snapshot();
    story.world.memory.queue().resurrect(&first);
    assert_eq!(story.deliver(), Verdict::Acknowledge);
    assert_eq!(story.run(), Rest::after(&["s.1", "next.1"]));
    let after = story.world.memory.snapshot();
    assert!(before.items().eq(after.items()));
}
