//! Two wishes of one address that are heard at once: the later one counts.

use std::sync::Arc;

use holdfast_engine::port::{Clock as _, Ports as _};
use holdfast_engine::suppression::{Channel, Heard, Wish, find, hear};
use holdfast_tests::faulty::{Faults, Faulty};
use holdfast_tests::meeting::{Met, Stalled};
use holdfast_tests::memory::{Condition, Memory};
use holdfast_tests::ready::ready;
use jiff::ToSpan as _;

const ADDRESS: (Channel, &str) = (Channel::Sms, "+12025550142");

/// An early wish to start is held up while a late one to stop is heard.
fn at_once(ignored: &[Condition], call: u64, known: bool) -> Met {
    let (memory, faults) = (Arc::new(Memory::new(1, [])), Arc::new(Faults::default()));
    let ports = Faulty::new(Arc::clone(&memory), &faults);
    let tenant = "t".parse().unwrap();
    let now = memory.clock().now();
    let said = |wish, seconds: i64, by| Heard {
        wish,
        at: now + seconds.seconds(),
        by,
    };
    if known {
        ready(hear(&ports, &tenant, ADDRESS, &said(Wish::Stop, 0, "e:0"))).unwrap();
    }
    memory.journal().ignore(ignored.iter().copied());
    let early = said(Wish::Start, 1, "e:1");
    let first = Stalled::before(call, &faults, hear(&ports, &tenant, ADDRESS, &early));
    let over = first.is_over();
    ready(hear(&ports, &tenant, ADDRESS, &said(Wish::Stop, 2, "e:2"))).unwrap();
    first.goes_on().unwrap();
    let (channel, address) = ADDRESS;
    let found = ready(find(memory.as_ref(), &tenant, channel, address)).unwrap();
    let wish = found.map(|found| found.wish);
    let wrong = (wish != Some(Wish::Stop)).then(|| format!("{wish:?} counts"));
    Met {
        over,
        wrong: wrong.into_iter().collect(),
    }
}

/// They are the first ones of the address.
pub fn first_heard_at_once(ignored: &[Condition], call: u64) -> Met {
    at_once(ignored, call, false)
}

/// The address is known.
pub fn heard_at_once(ignored: &[Condition], call: u64) -> Met {
    at_once(ignored, call, true)
}
