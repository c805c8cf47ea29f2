//! How full the queues are, as far as SQS says it.

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use holdfast_engine::port::{PortError, QueueName};

use super::SqsQueue;
use crate::error::port;

/// How full a queue is. The numbers of SQS are approximate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// The queue.
    pub queue: QueueName,
    /// Messages that can be received now.
    pub visible: u64,
    /// Messages that are worked on.
    pub in_flight: u64,
    /// Messages that are hidden until later.
    pub delayed: u64,
    /// Messages that were received too often.
    pub dead_letters: u64,
}

/// How full these queues are.
///
/// # Errors
/// [`PortError`] when SQS does not say.
pub async fn depths(sqs: &SqsQueue, queues: Vec<QueueName>) -> Result<Vec<Depth>, PortError> {
    let mut depths = Vec::new();
    for queue in queues {
        let [visible, in_flight, delayed] = sqs.counts(&sqs.config.queue_url(&queue)).await?;
        let [dead_letters, looked_at, _] = sqs.counts(&sqs.config.dead_letter_url(&queue)).await?;
        depths.push(Depth {
            queue,
            visible,
            in_flight,
            delayed,
            dead_letters: dead_letters + looked_at,
        });
    }
    Ok(depths)
}

impl SqsQueue {
    async fn counts(&self, url: &str) -> Result<[u64; 3], PortError> {
        let names = [
            Attribute::ApproximateNumberOfMessages,
            Attribute::ApproximateNumberOfMessagesNotVisible,
            Attribute::ApproximateNumberOfMessagesDelayed,
        ];
        let asked = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(names.to_vec()));
        let answer = asked.send().await.map_err(|error| port(&error))?;
        let count = |name: Attribute| {
            let text = answer.attributes().and_then(|all| all.get(&name));
            text.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        Ok(names.map(count))
    }
}
