//! Sending.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::future::join_all;
use holdfast_engine::port::{MAX_DELAY, Outgoing, PortError, Queue, QueueName};

use super::message::attributes;
use super::together::{AtWork, Together};
use crate::config::Config;
use crate::error::port;

/// Messages of one batch, as the service limits them.
const BATCH: usize = 10;

/// Bytes of one message and of one batch, as the service limits them; attributes count.
const MAX_BYTES: usize = 1024 * 1024;

/// What the attributes of a message take at most: their names and types, a number, a name.
const ATTRIBUTES: usize = 256;

/// The queues of a stack. Clones share what is sent together.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    pub(super) client: Client,
    pub(super) config: Arc<Config>,
    together: Together,
}

/// Messages with their places among all that are sent together.
type Placed = (usize, Outgoing);

impl SqsQueue {
    /// The queues of this stack.
    #[must_use]
    pub fn new(client: Client, config: Arc<Config>) -> Self {
        Self {
            client,
            config,
            together: Together::default(),
        }
    }

    /// Says that a handler is at work, until the value is dropped: where several are, they send
    /// together.
    #[must_use]
    pub fn at_work(&self) -> AtWork {
        self.together.begin()
    }

    /// Sends to every queue at the same time; what became of each message, in their order.
    async fn send_all(&self, messages: Vec<Outgoing>) -> Vec<Result<(), PortError>> {
        let mut results = vec![Ok(()); messages.len()];
        let mut queues: BTreeMap<QueueName, Vec<Placed>> = BTreeMap::new();
        for (place, message) in messages.into_iter().enumerate() {
            let queue = queues.entry(message.queue.clone()).or_default();
            queue.push((place, message));
        }
        let batches = queues.iter().flat_map(|(queue, messages)| {
            let batches = batches(messages).into_iter();
            batches.map(move |batch| self.send_batch(queue, batch))
        });
        for (place, error) in join_all(batches).await.into_iter().flatten() {
            if let Some(result) = results.get_mut(place) {
                *result = Err(error);
            }
        }
        results
    }

    /// Sends one batch; the messages that were not sent, and why.
    async fn send_batch(&self, queue: &QueueName, batch: &[Placed]) -> Vec<(usize, PortError)> {
        let all = |error: &PortError| {
            let places = batch.iter().map(|(place, _)| *place);
            places.map(|place| (place, error.clone())).collect()
        };
        let entries = match batch.iter().map(entry).collect::<Result<Vec<_>, _>>() {
            Ok(entries) => entries,
            Err(error) => return all(&error),
        };
        let sent = self
            .client
            .send_message_batch()
            .queue_url(self.config.queue_url(queue))
            .set_entries(Some(entries))
            .send()
            .await;
        match sent {
            Err(error) => all(&port(&error)),
            Ok(answer) => answer
                .failed()
                .iter()
                .filter_map(|failed| {
                    let message = failed.message().unwrap_or_default();
                    let message = format!("{}: {message}", failed.code());
                    Some((failed.id().parse().ok()?, PortError::Unavailable(message)))
                })
                .collect(),
        }
    }
}

impl Queue for SqsQueue {
    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        if messages
            .iter()
            .any(|message| message.delay > MAX_DELAY || message.body.len() + ATTRIBUTES > MAX_BYTES)
        {
            return Err(PortError::TooLarge);
        }
        self.together.send(messages, |all| self.send_all(all)).await
    }

    /// Delays are whole seconds, and often end a while later.
    fn coarseness(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// Splits by number and by bytes.
fn batches(messages: &[Placed]) -> Vec<&[Placed]> {
    let (mut batches, mut rest) = (Vec::new(), messages);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(BATCH).take_while(|(_, message)| {
            bytes += message.body.len() + ATTRIBUTES;
            bytes <= MAX_BYTES
        });
        let (batch, left) = rest.split_at(fitting.count().max(1));
        batches.push(batch);
        rest = left;
    }
    batches
}

fn entry((place, message): &Placed) -> Result<SendMessageBatchRequestEntry, PortError> {
    let delay = message.delay.as_millis().div_ceil(1000);
    let delay = (delay > 0).then(|| i32::try_from(delay).unwrap_or(i32::MAX));
    SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_body(&message.body)
        .set_delay_seconds(delay)
        .set_message_attributes(Some(attributes(message)?))
        .message_group_id(message.tenant.as_str())
        .build()
        .map_err(|error| PortError::Unavailable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use holdfast_engine::name::TenantName;
    use jiff::Timestamp;

    use super::*;

    fn message(bytes: usize) -> Outgoing {
        Outgoing {
            queue: QueueName::of("send-sms"),
            body: "x".repeat(bytes),
            delay: Duration::from_millis(1500),
            tenant: TenantName::new("demo").unwrap(),
            created: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn batches_end_at_ten_messages_and_at_a_mebibyte() {
        let sizes = |messages: &[Outgoing]| -> Vec<usize> {
            let placed: Vec<_> = messages.iter().cloned().enumerate().collect();
            batches(&placed).iter().map(|batch| batch.len()).collect()
        };
        let small: Vec<_> = (0..23).map(|_| message(10)).collect();
        assert_eq!(sizes(&small), [10, 10, 3]);
        let large: Vec<_> = (0..3).map(|_| message(500 * 1024)).collect();
        assert_eq!(sizes(&large), [2, 1]);
        assert_eq!(sizes(&[]), [0; 0]);
    }

    #[test]
    fn a_delay_is_rounded_up_and_the_tenant_is_the_group() {
        let entry = entry(&(0, message(1))).unwrap();
        assert_eq!(entry.delay_seconds(), Some(2));
        assert_eq!(entry.message_group_id(), Some("demo"));
    }
}
