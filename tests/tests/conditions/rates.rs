//! Two processes that ask for their turn at the same moment.

use std::time::Duration;

use holdfast_engine::port::Ports as _;
use holdfast_tests::meeting::Met;
use holdfast_tests::memory::Condition;

use crate::outage::{Clinic, RARE};
use crate::steps::stalled;

/// The calls of two executions that begin together, after so many before, are a minute apart.
fn together(ignored: &[Condition], call: u64, before: usize) -> Met {
    let clinic = Clinic::of(RARE);
    let world = &clinic.world;
    for _ in 0..before {
        clinic.start();
        clinic.run_for(Duration::from_secs(61));
    }
    world.memory.journal().ignore(ignored.iter().copied());
    (0..2).for_each(|_| clinic.start());
    let first = stalled(world, call);
    let over = first.is_over();
    world.change_process();
    while world.deliver().is_some() {}
    first.goes_on();
    let calls: Vec<_> = clinic.calls().into_iter().skip(before).collect();
    let wrong = (calls.len() != 1).then(|| format!("{} calls in one moment", calls.len()));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// The first two calls.
pub fn first_calls_at_once(ignored: &[Condition], call: u64) -> Met {
    together(ignored, call, 0)
}

/// Later ones.
pub fn calls_at_once(ignored: &[Condition], call: u64) -> Met {
    together(ignored, call, 2)
}
