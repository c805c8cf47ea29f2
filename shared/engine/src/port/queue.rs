//! Queues: messages that are delivered at least once, hidden while they are worked on, and
//! dead-lettered after too many receives.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortError;
use crate::name::TenantName;

/// The longest delay of a message; longer waits are timers.
pub const MAX_DELAY: Duration = Duration::from_mins(15);

/// A queue: the name of the function that it feeds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueueName(Arc<str>);

impl QueueName {
    /// The queue of `route-event`: every event waits here.
    #[must_use]
    pub fn events() -> Self {
        Self::of("route-event")
    }

    /// The queue of a function.
    #[must_use]
    pub fn of(function: &str) -> Self {
        Self(function.into())
    }

    /// The function's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity that a queue gave to a message; each physical send has its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub String);

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Where to.
    pub queue: QueueName,
    /// A JSON document; a repeated send is byte-equal.
    pub body: String,
    /// How long it stays hidden, at most [`MAX_DELAY`].
    pub delay: Duration,
    /// Whose work it is: queues are fair between tenants.
    pub tenant: TenantName,
    /// When our code sent it; outside the body, and kept by a redrive.
    pub created: Timestamp,
}

/// A message as a function receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The queue that it came from.
    pub queue: QueueName,
    /// This physical message.
    pub message_id: MessageId,
    /// The body.
    pub body: String,
    /// When our code sent it.
    pub created: Timestamp,
    /// When the queue accepted it; a redrive by the queue sets it anew.
    pub sent: Timestamp,
    /// Receives so far, from 1.
    pub receive_count: u32,
    /// Whether one more failure dead-letters it.
    pub last_receive: bool,
}

/// What becomes of a delivered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is done: the queue deletes it.
    Acknowledge,
    /// It is hidden for this long and delivered again.
    RetryAfter(Duration),
    /// It is delivered again at once, until the queue dead-letters it.
    Fail,
}

/// The sending side of queues.
pub trait Queue: Send + Sync {
    /// Sends messages; all are durable when it returns.
    ///
    /// # Errors
    /// [`PortError`]; some messages may have been sent.
    fn send(&self, messages: Vec<Outgoing>) -> impl Future<Output = Result<(), PortError>> + Send;

    /// How far its delays may be off: what is due sooner is better waited for on the spot.
    fn coarseness(&self) -> Duration {
        Duration::from_millis(100)
    }
}
