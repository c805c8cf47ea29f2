//! Dead letters: messages that were received too often.

use std::future::Future;

use jiff::Timestamp;

use super::{MessageId, PortError, QueueName};

/// A message that was received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The physical message; the id it had in its queue.
    pub id: MessageId,
    /// Whose work it is.
    pub tenant: String,
    /// When our code sent it.
    pub created: Timestamp,
    /// When the queue accepted it.
    pub sent: Timestamp,
    /// How often it was received.
    pub receives: u32,
    /// When it was dead-lettered.
    pub dead_at: Timestamp,
    /// The body.
    pub body: String,
}

/// Which dead letters are sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redrive {
    /// Every one.
    All,
    /// One message.
    One(MessageId),
}

/// The dead-letter queues.
pub trait DeadLetters: Send + Sync {
    /// The queues that may have dead letters, in the order of their names.
    fn queues(&self) -> Vec<QueueName>;

    /// Lists a queue's dead letters after `after`, oldest message first, at most `limit`.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn list(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, PortError>> + Send;

    /// Lists a queue's dead letters in the order in which they became ones, after the one of this
    /// time and id, at most `limit`. One that is written down late may be missed by whoever is
    /// less than a minute behind.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn arrived(
        &self,
        queue: &QueueName,
        after: (Timestamp, &MessageId),
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, PortError>> + Send;

    /// Sends dead letters to their queue again: under a new id and with a new sent time, received
    /// never; `created` stays. Returns how many.
    ///
    /// # Errors
    /// [`PortError`] when the store fails; some may have been sent.
    fn redrive(
        &self,
        queue: &QueueName,
        which: Redrive,
    ) -> impl Future<Output = Result<usize, PortError>> + Send;
}
