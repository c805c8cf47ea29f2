//! Routing: from an event to the executions that it starts. All decisions of one event are made
//! once and written at once; a redelivery replays them.

mod arm;
mod canary;
mod candidate;
mod count;
mod decide;
mod duplicate;
mod entry;
mod receipt;
mod resolve;
mod router;
mod trigger;
mod write;

pub use canary::{bucket, versions};
pub use entry::{Decision, EventEntry, Outcome};
pub use resolve::{Resolved, Trouble};
pub use router::Router;
pub(crate) use trigger::starts;
pub use trigger::{matches, wants};
