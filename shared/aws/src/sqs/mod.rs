//! SQS behind the ports: sending, and looking at dead letters. Receiving is Lambda's.

mod dead_letters;
mod depth;
mod message;
mod queue;
#[cfg(test)]
mod tests;
mod together;

pub use dead_letters::{SqsDeadLetters, Steps};
pub use depth::{Depth, depths};
pub(crate) use message::{Stamps, delivery};
pub use queue::SqsQueue;
pub use together::AtWork;

/// Receives of a message, as the template's redrive policies say it.
pub const MAX_RECEIVE_COUNT: u32 = 8;
