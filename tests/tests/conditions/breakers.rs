//! A person who stops something while its failures are counted.

use holdfast_engine::breaker;
use holdfast_engine::name::ConnectionName;
use holdfast_engine::port::Ports as _;
use holdfast_tests::meeting::Met;
use holdfast_tests::memory::Condition;
use holdfast_tests::ready::ready;
use holdfast_tests::world::World;

use crate::outage::{Clinic, Down, KEYED};
use crate::steps::stalled;

/// A stop of the connection holds, although a failure of it is counted at the same time.
fn stopped(ignored: &[Condition], call: u64, failures: usize) -> Met {
    let clinic = Clinic::of(KEYED);
    clinic.down("mail", Down::Refuses);
    for _ in 0..failures {
        clinic.start();
        clinic.world.deliver();
    }
    let world = &clinic.world;
    world.memory.journal().ignore(ignored.iter().copied());
    clinic.start();
    let first = stalled(world, call);
    let over = first.is_over();
    let (ports, tenant) = (world.memory.as_ref(), World::home().tenant);
    let name = ConnectionName::new("mail").unwrap();
    let subject = ready(breaker::connection(ports, &tenant, &name)).unwrap();
    ready(breaker::stop(
        ports,
        &tenant,
        &subject,
        "ann",
        "it is wrong",
    ))
    .unwrap();
    first.goes_on();
    let state = clinic.mail();
    let wrong = (state != "stopped").then(|| format!("what a person stopped is {state}"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// At its first failure.
pub fn stopped_at_once(ignored: &[Condition], call: u64) -> Met {
    stopped(ignored, call, 0)
}

/// At a later one.
pub fn stopped_while_it_counts(ignored: &[Condition], call: u64) -> Met {
    stopped(ignored, call, 2)
}
