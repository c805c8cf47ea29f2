//! Queues with the semantics of SQS: visibility, receive counts, dead letters, fair tenants.
//!
//! The database holds what was sent and how often it was retried; which messages are visible,
//! delayed or in flight is known in memory only. A receive therefore writes nothing, and a
//! message in flight when the process ends is visible again when it starts.

mod adapter;
mod dead;
mod depth;
mod line;
#[cfg(test)]
mod line_tests;
mod lines;
mod message;
#[cfg(test)]
mod recovery_tests;
mod settle;
mod turns;
mod unruly;
#[cfg(test)]
mod waiting_tests;

pub use adapter::SqliteQueue;
pub(crate) use adapter::{accept, refuse_unfit};
pub use depth::Depth;
pub use line::{MAX_RECEIVE_COUNT, QueueSettings};
pub(crate) use lines::Lines;
pub(crate) use message::{NewMessage, at, millis};
pub use unruly::Unruly;
