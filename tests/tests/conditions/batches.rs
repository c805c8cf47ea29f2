//! Two members that make a batch at the same moment.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_engine::port::Ports as _;
use holdfast_tests::meeting::Met;
use holdfast_tests::memory::Condition;
use jiff::Timestamp;

use crate::collecting::{BATCHED, Office};
use crate::steps::HOUR;
use crate::steps::stalled_at;

/// The window of `BATCHED` in milliseconds.
const WINDOW: i64 = 60_000;

/// Two have joined and come back, and the first of them stops. A third joins, and the second makes
/// a batch of all. Then the first goes on: it must not make another one of some of them.
pub fn made_twice(ignored: &[Condition], call: u64) -> Met {
    let office = Office::of(BATCHED);
    let world = &office.world;
    office.import(3);
    for _ in 0..2 {
        world.deliver();
    }
    let joined = world.now().as_millisecond();
    let end = (joined.div_euclid(WINDOW) + 1) * WINDOW;
    let end = Timestamp::from_millisecond(end).expect("a time");
    world.memory.clock().advance_to(end);
    world.memory.journal().ignore(ignored.iter().copied());
    let first = stalled_at(world, 1, call);
    let over = first.is_over();
    world.change_process();
    world.deliver();
    world.deliver();
    first.goes_on();
    world.change_process();
    world.run_for(HOUR);
    let calls: BTreeMap<_, _> = office
        .calls()
        .into_iter()
        .map(|call| (call.key, call.inputs))
        .collect();
    let mut inputs: Vec<_> = calls.into_values().flatten().collect();
    inputs.sort_unstable();
    let wrong = (inputs != [0, 1, 2]).then(|| format!("called for {inputs:?}"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// The conditions of a batch that comes to its end.
pub fn asked() -> BTreeSet<Condition> {
    let office = Office::of(BATCHED);
    office.import(3);
    office.world.run_for(HOUR);
    assert_eq!(office.done(), 3);
    office.world.memory.journal().conditions()
}
