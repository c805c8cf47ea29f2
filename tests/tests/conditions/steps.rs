//! Steps that meet under one `once` key.

use std::time::Duration;

use holdfast_engine::port::Ports as _;
use holdfast_tests::meeting::{Met, Stalled, meetings};
use holdfast_tests::memory::Condition;
use holdfast_tests::world::{Behaviour, Story, World};

use crate::reruns;

/// More calls than a delivery makes.
const MANY: u64 = 50;

/// Long enough for all that happens by itself.
pub const HOUR: Duration = Duration::from_hours(1);

/// A flight as a future.
fn flown(world: &World, pick: usize) -> impl Future<Output = ()> + '_ {
    let mut flight = world.take(pick).expect("a visible message");
    std::future::poll_fn(move |_| match flight.poll(world) {
        Some(holdfast_tests::world::End::Settled(verdict)) => {
            world.memory.queue().settle(flight.receipt(), verdict);
            std::task::Poll::Ready(())
        }
        Some(holdfast_tests::world::End::Died) => panic!("nothing dies here"),
        None => std::task::Poll::Pending,
    })
}

/// A delivery that stops before its n-th call.
pub fn stalled(world: &World, call: u64) -> Stalled<'_, ()> {
    stalled_at(world, 0, call)
}

/// The delivery of the n-th visible message, from 0, that stops before a call.
pub fn stalled_at(world: &World, pick: usize, call: u64) -> Stalled<'_, ()> {
    Stalled::before(call, &world.faults, flown(world, pick))
}

/// The key's effect was for an hour; then two executions ask for it at once.
pub fn claimed_twice_when_it_expired(ignored: &[Condition], call: u64) -> Met {
    let step =
        "- { id: s, uses: keyed-effect, once: { key: event.name, for: 1h }, with: { to: a } }";
    let story = Story::of(step);
    story.run();
    let world = &story.world;
    world.memory.clock().advance(Duration::from_hours(2));
    world.memory.journal().ignore(ignored.iter().copied());
    world.start("sent:2");
    let first = stalled(world, call);
    world.start("sent:3");
    while world.deliver().is_some() {}
    let over = first.is_over();
    first.goes_on();
    let arrived = story.run().arrived.len();
    let wrong = (arrived != 2).then(|| format!("{arrived} effects under a key for two"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// A step under a `once` key is to be tried again. A copy of its message reads that and stops;
/// the execution is run anew; another copy frees the key, for its generation is over; the new
/// generation takes it and acts. Then the first copy goes on: it must not act, too.
fn freed_and_taken_again(call: u64) -> Met {
    let step = "- { id: s, uses: raw-effect, once: event.id, retry: [1m], with: { to: a } }";
    let story = reruns::routed(step).plays("s.1", [Behaviour::Transient(None)]);
    let world = &story.world;
    story.deliver();
    world.wait();
    let old = world.take(0).expect("the message of the first generation");
    world.memory.queue().reappear(old.receipt());
    let first = stalled(world, call);
    let over = first.is_over();
    if !over {
        reruns::run_anew(&story, "ann").unwrap();
        world.memory.queue().reappear(old.receipt());
        world.run_for(HOUR);
    }
    first.goes_on();
    // Where the claim of the first copy ran out, the new generation waits for a person.
    world.run_for(HOUR);
    let arrived = world.effects.all().len();
    let wrong = (arrived != 1).then(|| format!("{arrived} effects under one key"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// The same, where the copy that stops is one of the old generation that is about to free the
/// key: it is not the new generation's that it frees. Another execution waits for it.
fn freed_twice(call: u64) -> Met {
    let step = "- { id: s, uses: raw-effect, once: event.name, retry: [1m], with: { to: a } }";
    let plays = [Behaviour::Transient(None), Behaviour::Hang(true)];
    let story = reruns::routed(step).plays("s.1", plays);
    let world = &story.world;
    story.deliver();
    world.wait();
    let old = world.take(0).expect("the message of the first generation");
    world.memory.queue().reappear(old.receipt());
    reruns::run_anew(&story, "ann").unwrap();
    let first = stalled(world, call);
    let over = first.is_over();
    world.memory.queue().reappear(old.receipt());
    let freed = (!over).then(|| stalled(world, MANY));
    assert!(freed.is_none_or(|freed| freed.is_over()));
    let acting = stalled(world, MANY);
    assert!(!acting.is_over(), "the new generation acts");
    first.goes_on();
    world.start("sent:2");
    while world.deliver().is_some() {}
    let arrived = world.effects.all().len();
    let wrong = (arrived != 1).then(|| format!("{arrived} effects under one key"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

#[test]
fn a_key_that_is_freed_and_taken_again_is_not_that_of_who_saw_it_before() {
    for meet in [freed_and_taken_again, freed_twice] {
        let wrong = meetings(|_, call| meet(call), &[]);
        assert_eq!(wrong, Vec::<String>::new());
    }
}
