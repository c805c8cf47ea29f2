//! Redrive: selected, paced by whoever asks, killed and repeated.

use std::time::Duration;

use holdfast_engine::operate::{NotRedriven, Operate, Outcome, Resent};
use holdfast_engine::operation::{Operation, Status};
use holdfast_engine::port::{Ports as _, Verdict};
use holdfast_tests::world::{Behaviour, Rest, Story, World, compiled};

use holdfast_tests::desk::{
    ask, code, deeds, dispute, item, operations, status, survives_every_crash,
};

const STEPS: &str = "- { id: s, uses: raw-effect, with: { to: a } }\n\
                     - { id: next, uses: keyed-effect, with: { to: b } }";

fn failed() -> Story {
    let story = Story::of(STEPS).plays("s.1", [Behaviour::Permanent]);
    story.run();
    story.world.memory.clock().advance(Duration::from_mins(5));
    story
}

/// The queue keeps dead letters for a time only.
fn lose_dead_letters(world: &World) {
    let queue = world.memory.queue();
    queue.redrive();
    while let Some(taken) = queue.receive(0, Duration::from_mins(1)) {
        queue.settle(&taken.receipt, Verdict::Acknowledge);
    }
}

fn redrive(world: &World) -> Operate {
    redrive_of(item(world))
}

fn redrive_of(item: holdfast_engine::operate::ItemRef) -> Operate {
    Operate::Redrive {
        item,
        by: "ann".to_owned(),
        reason: "the number is right now".to_owned(),
        dry_run: false,
        again: false,
    }
}

fn copy(outcome: Outcome) -> Resent {
    match outcome {
        Outcome::Redriven { from, .. } => from,
        other => panic!("{other:?}"),
    }
}

fn why(outcome: Outcome) -> NotRedriven {
    match outcome {
        Outcome::NotRedriven { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_step_goes_on_from_where_it_failed_and_its_dead_letter_is_gone() {
    let story = failed();
    let asked = redrive(&story.world);
    assert_eq!(
        copy(ask(&story.world, asked.clone()).unwrap()),
        Resent::DeadLetter
    );
    let again = ask(&story.world, asked.clone()).unwrap();
    assert!(why(again).is_redriven(), "its copy is on its way");
    let rest = Rest::after(&["s.1", "next.1"]).closed(&["Refused"]);
    assert_eq!(story.run(), rest);
    assert_eq!(why(ask(&story.world, asked).unwrap()), NotRedriven::Settled);
    assert_eq!(deeds(&story.world).len(), 1);
    assert_eq!(story.run(), rest);
}

#[test]
fn a_failed_step_whose_dead_letter_is_gone_goes_on_by_its_error_record() {
    let story = failed();
    lose_dead_letters(&story.world);
    let asked = redrive(&story.world);
    assert_eq!(copy(ask(&story.world, asked).unwrap()), Resent::Envelope);
    assert_eq!(
        story.run(),
        Rest::after(&["s.1", "next.1"]).closed(&["Refused"])
    );
}

#[test]
fn a_message_that_was_too_large_to_keep_needs_its_dead_letter() {
    for kept in [true, false] {
        let story = failed();
        let mut operation = operations(&story.world).remove(0);
        let Operation::Error(record) = &mut operation else {
            panic!("an error record");
        };
        record.envelope = holdfast_engine::operation::bounded(&"x".repeat(1 << 20));
        let body = operation.encode().unwrap();
        story.world.memory.journal().seed(operation.key(), body);
        if !kept {
            lose_dead_letters(&story.world);
        }
        let answer = ask(&story.world, redrive(&story.world));
        assert_eq!(code(&answer), if kept { "Ok" } else { "MessageGone" });
    }
}

#[test]
fn a_failure_that_comes_back_is_redriven_again() {
    let story = failed().plays("s.1", [Behaviour::Permanent]);
    ask(&story.world, redrive(&story.world)).unwrap();
    assert_eq!(story.run(), Rest::default().open(&["Refused"]).dead(1));
    story.world.memory.clock().advance(Duration::from_mins(5));
    ask(&story.world, redrive(&story.world)).unwrap();
    assert_eq!(
        story.run(),
        Rest::after(&["s.1", "next.1"]).closed(&["Refused"])
    );
    assert_eq!(deeds(&story.world).len(), 2);
}

#[test]
fn a_dry_run_sends_and_writes_nothing() {
    let story = failed();
    let before = (operations(&story.world), story.rest());
    let Operate::Redrive {
        item,
        by,
        reason,
        again,
        ..
    } = redrive(&story.world)
    else {
        panic!("a redrive");
    };
    let dry_run = true;
    let asked = Operate::Redrive {
        item,
        by,
        reason,
        dry_run,
        again,
    };
    assert!(matches!(
        ask(&story.world, asked),
        Ok(Outcome::WouldRedrive { .. })
    ));
    assert_eq!((operations(&story.world), story.rest()), before);
}

#[test]
fn a_lost_copy_is_sent_once_more_when_a_person_says_so() {
    let story = failed();
    let asked = redrive(&story.world);
    ask(&story.world, asked.clone()).unwrap();
    let taken = story
        .world
        .memory
        .queue()
        .receive(0, Duration::from_mins(1))
        .unwrap();
    let (queue, receipt) = (story.world.memory.queue(), taken.receipt);
    queue.settle(&receipt, Verdict::Acknowledge);
    assert!(why(ask(&story.world, asked.clone()).unwrap()).is_redriven());
    let Operate::Redrive {
        item,
        by,
        reason,
        dry_run,
        ..
    } = asked
    else {
        panic!("a redrive");
    };
    let again = true;
    let asked = Operate::Redrive {
        item,
        by,
        reason,
        dry_run,
        again,
    };
    assert_eq!(copy(ask(&story.world, asked).unwrap()), Resent::Envelope);
    assert_eq!(
        story.run(),
        Rest::after(&["s.1", "next.1"]).closed(&["Refused"])
    );
}

#[test]
fn a_redrive_that_dies_at_any_call_is_repeated_without_a_second_effect() {
    survives_every_crash(failed, |story| redrive(&story.world), |_| {});
}

#[test]
fn two_redrives_at_once_have_one_effect() {
    for seed in 0..60 {
        let story = failed();
        let asked = [redrive(&story.world), redrive(&story.world)];
        let answers = dispute(&story.world, seed, asked);
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        let rest = Rest::after(&["s.1", "next.1"]).closed(&["Refused"]);
        assert_eq!(story.run(), rest, "seed {seed}");
    }
}

#[test]
fn a_message_without_an_execution_goes_to_its_queue_and_its_record_closes() {
    let story = failed();
    let body = r#"{"not":"an envelope"}"#.to_owned();
    let queue = holdfast_engine::port::QueueName::of("raw-effect");
    story.world.redrive();
    story.run();
    let world = World::scripted(2, &compiled(STEPS));
    world.memory.queue().resend(&queue, body, world.now());
    world.run();
    world.memory.clock().advance(Duration::from_mins(5));
    assert_eq!(world.memory.queue().dead().len(), 1);
    ask(&world, redrive(&world)).unwrap();
    assert_eq!(status(&world), Status::Closed);
    assert_eq!(
        (
            world.memory.queue().dead().len(),
            world.memory.queue().len()
        ),
        (0, 1)
    );
    world.run();
    let open = operations(&world);
    let open = open
        .iter()
        .filter(|operation| operation.handling().needs_someone());
    assert_eq!(open.count(), 1, "it failed again, as another message");
}
