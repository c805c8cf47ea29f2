//! Two processes that add what they counted of one hour.

use std::sync::Arc;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock as _, Ports};
use holdfast_engine::quality::{flush, since};
use holdfast_tests::faulty::{Faults, Faulty};
use holdfast_tests::meeting::{Met, Stalled};
use holdfast_tests::memory::{Condition, Memory};
use holdfast_tests::ready::ready;

fn tenant() -> TenantName {
    "t".parse().unwrap()
}

/// Counts one event.
fn count(ports: &impl Ports) {
    let (source, now) = ("form".parse().unwrap(), ports.clock().now());
    let quality = ports.quality();
    quality.count(&tenant(), &source, now, |counts| counts.passed += 1);
}

fn counted(memory: &Memory) -> u64 {
    let found = ready(since(memory, &tenant(), memory.clock().now())).unwrap();
    found.iter().map(|hour| hour.counts.passed).sum()
}

/// Both add one event to the same hour, at once; `before`: so many are there already.
fn added_at_once(ignored: &[Condition], call: u64, before: u64) -> Met {
    let (memory, faults) = (Arc::new(Memory::new(1, [])), Arc::new(Faults::default()));
    let ports = Faulty::new(Arc::clone(&memory), &faults);
    for _ in 0..before {
        count(&ports);
    }
    ready(flush(&ports));
    memory.journal().ignore(ignored.iter().copied());
    count(&ports);
    let first = Stalled::before(call, &faults, flush(&ports));
    let over = first.is_over();
    count(&ports);
    ready(flush(&ports));
    first.goes_on();
    let (counted, expected) = (counted(&memory), before + 2);
    let wrong = (counted != expected).then(|| format!("{counted} of {expected} are counted"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// They are the first ones of the hour.
pub fn begun_twice(ignored: &[Condition], call: u64) -> Met {
    added_at_once(ignored, call, 0)
}

/// Some are there already.
pub fn added_twice(ignored: &[Condition], call: u64) -> Met {
    added_at_once(ignored, call, 3)
}
