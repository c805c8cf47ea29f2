//! Timers: messages that are sent later than a queue's delay allows.

use std::future::Future;

use jiff::Timestamp;

use super::{Outgoing, PortError};

/// A message to send at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// When.
    pub due: Timestamp,
    /// Identity within tenant and due time: arming twice is arming once.
    pub id: String,
    /// The message; its `created` is stamped when the timer fires.
    pub message: Outgoing,
}

/// Timers.
pub trait Timers: Send + Sync {
    /// Arms a timer; durable when it returns.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn arm(&self, timer: Timer) -> impl Future<Output = Result<(), PortError>> + Send;
}
