//! Rates: how often a connection or a step calls at most, across all workers.
//!
//! [`grant`] is the whole rule, and pure. A bucket is an item of the claims, one for each tenant
//! and connection or step. Whoever is about to call takes a moment of its own from it, as far from
//! the one before as the rate says, by a conditional write; so neither a copy nor a process that
//! comes late calls at a moment that it has not taken. Whoever finds none soon is told when to come
//! back, and asks again then: that a place in the line is lost or taken twice costs time, never the
//! rate.

mod bucket;
mod desks;
mod value;

pub use bucket::{Asking, Bucket, Grant, Limit, grant};
pub use desks::{Asker, Desks, Look};
pub use value::{InvalidRate, Rate};

use std::time::Duration;

use jiff::Timestamp;

/// How much later than its moment a call may start: one that was held up longer takes another.
pub const LATE: Duration = Duration::from_millis(100);

fn after(at: Timestamp, time: Duration) -> Timestamp {
    at.saturating_add(time).unwrap_or(at)
}
