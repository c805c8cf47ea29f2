//! Breakers: one per connection and one per workflow of a tenant. A failing one holds work back;
//! nothing fails by it, and nothing is lost.
//!
//! [`step()`] is the whole rule, and pure. The state is an item of the claims; what succeeds is
//! counted in memory ([`Tallies`]) and written with the next failure, so that a healthy breaker
//! has no item and costs no write.

mod gate;
mod listing;
mod operate;
mod record;
mod state;
mod step;
mod subject;
mod tallies;
mod window;

#[cfg(test)]
mod properties;

pub use gate::{Gate, gate};
pub use listing::{Listed, not_closed, touched};
pub use operate::{Changed, Refusal, connection, start, stop, workflow};
pub use record::{BREAKER_OPENED, Opened, start_command};
pub use state::{Probe, State};
pub use step::{Effect, Event, Next, step};
pub use subject::{Kind, Subject};
pub use tallies::{Seen, Tallies};
pub use window::{Bucket, Window};

use std::time::Duration;

/// The time over which failures are counted.
pub const WINDOW: Duration = Duration::from_mins(5);

/// The fewest attempts in the window that say something: with fewer, five failures in a row, as
/// one bad message and its retries make them, would stop everybody's work.
pub const MINIMUM_VOLUME: u64 = 20;

/// A breaker opens above one failure in so many attempts: 20%.
pub const ONE_IN: u64 = 5;

/// How long an open breaker lets nothing through.
pub const OPEN_FOR: Duration = Duration::from_mins(15);

/// How long a half-open breaker limits the rate before it closes: one window without a relapse.
pub const DRAIN_FOR: Duration = WINDOW;

/// The time between two attempts through a half-open breaker: five a second.
pub const SPACING: Duration = Duration::from_millis(200);

/// The fewest failures that end a drain: a few are what a service has that works mostly.
pub const RELAPSE: u64 = 5;
