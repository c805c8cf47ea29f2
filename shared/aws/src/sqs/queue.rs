//! Sending.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::future::try_join_all;
use holdfast_engine::port::{MAX_DELAY, Outgoing, PortError, Queue, QueueName};

use super::message::attributes;
use crate::config::Config;
use crate::error::port;

/// Messages of one batch, as the service limits them.
const BATCH: usize = 10;

/// Bytes of one message and of one batch, as the service limits them; attributes count.
const MAX_BYTES: usize = 1024 * 1024;

/// What the attributes of a message take at most: their names and types, a number, a name.
const ATTRIBUTES: usize = 256;

/// The queues of a stack.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    pub(super) client: Client,
    pub(super) config: Arc<Config>,
}

impl SqsQueue {
    /// The queues of this stack.
    #[must_use]
    pub fn new(client: Client, config: Arc<Config>) -> Self {
        Self { client, config }
    }

    async fn send_batch(&self, queue: &QueueName, batch: &[Outgoing]) -> Result<(), PortError> {
        let entries: Vec<_> = batch
            .iter()
            .enumerate()
            .map(entry)
            .collect::<Result<_, _>>()?;
        let answer = self
            .client
            .send_message_batch()
            .queue_url(self.config.queue_url(queue))
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|error| port(&error))?;
        match answer.failed().first() {
            None => Ok(()),
            Some(failed) => Err(PortError::Unavailable(format!(
                "{}: {}",
                failed.code(),
                failed.message().unwrap_or_default()
            ))),
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
        let mut queues: BTreeMap<QueueName, Vec<Outgoing>> = BTreeMap::new();
        for message in messages {
            queues
                .entry(message.queue.clone())
                .or_default()
                .push(message);
        }
        let batches = queues.iter().flat_map(|(queue, messages)| {
            let batches = batches(messages).into_iter();
            batches.map(move |batch| self.send_batch(queue, batch))
        });
        try_join_all(batches).await.map(drop)
    }
}

/// Splits by number and by bytes.
fn batches(messages: &[Outgoing]) -> Vec<&[Outgoing]> {
    let (mut batches, mut rest) = (Vec::new(), messages);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(BATCH).take_while(|message| {
            bytes += message.body.len() + ATTRIBUTES;
            bytes <= MAX_BYTES
        });
        let (batch, left) = rest.split_at(fitting.count().max(1));
        batches.push(batch);
        rest = left;
    }
    batches
}

fn entry((index, message): (usize, &Outgoing)) -> Result<SendMessageBatchRequestEntry, PortError> {
    let delay = message.delay.as_millis().div_ceil(1000);
    let delay = (delay > 0).then(|| i32::try_from(delay).unwrap_or(i32::MAX));
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
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
            batches(messages).iter().map(|batch| batch.len()).collect()
        };
        let small: Vec<_> = (0..23).map(|_| message(10)).collect();
        assert_eq!(sizes(&small), [10, 10, 3]);
        let large: Vec<_> = (0..3).map(|_| message(500 * 1024)).collect();
        assert_eq!(sizes(&large), [2, 1]);
        assert_eq!(sizes(&[]), [0; 0]);
    }

    #[test]
    fn a_delay_is_rounded_up_and_the_tenant_is_the_group() {
        let entry = entry((0, &message(1))).unwrap();
        assert_eq!(entry.delay_seconds(), Some(2));
        assert_eq!(entry.message_group_id(), Some("demo"));
    }
}
