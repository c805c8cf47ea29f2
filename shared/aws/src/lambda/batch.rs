//! A batch of messages: each handled for itself and at the same time as the others, each with a
//! verdict of its own. Nothing outlives the invocation.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use futures_util::future::join_all;
use holdfast_engine::port::{Clock, Delivery, Ports, QueueName, Verdict};
use holdfast_engine::quality;
use jiff::Timestamp;
use lambda_runtime::{Context, Error};

use super::Function;
use super::metrics::{Counts, Measure};
use crate::error::port;
use crate::sqs::{Stamps, delivery};

/// Time that is kept for telling the queue what became of the messages.
const RESERVE: Duration = Duration::from_millis(700);

/// How long a message waits whose handler panicked.
const AFTER_PANIC: Duration = Duration::from_secs(5);

/// The longest a message can be hidden, as the service limits it.
const LONGEST: Duration = Duration::from_hours(11);

/// When the platform ends the invocation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Timestamp);

impl Deadline {
    pub(super) fn of(context: &Context) -> Self {
        let millis = i64::try_from(context.deadline).unwrap_or(i64::MAX);
        Self(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX))
    }

    /// The time that is left for work.
    pub(super) fn left(self, now: Timestamp) -> Duration {
        let left = Duration::try_from(self.0.duration_since(now)).unwrap_or_default();
        left.saturating_sub(RESERVE)
    }
}

/// What became of a message.
pub(super) enum Ended {
    Verdict(Verdict),
    Panicked,
    /// Its handler had no time left, and is gone.
    Cut,
}

/// Handles one delivery: a panic is its own failure, and no other's.
pub(super) async fn ended(
    handle: &impl AsyncFn(&Delivery) -> Verdict,
    delivery: &Delivery,
    left: Duration,
) -> Ended {
    let handling = AssertUnwindSafe(handle(delivery)).catch_unwind();
    let (queue, id) = (&delivery.queue, &delivery.message_id.0);
    match tokio::time::timeout(left, handling).await {
        Ok(Ok(verdict)) => Ended::Verdict(verdict),
        Ok(Err(_panic)) => {
            tracing::error!(%queue, message.id = id, "the handler panicked");
            Ended::Panicked
        }
        Err(_elapsed) => {
            tracing::error!(%queue, message.id = id, "the handler had no time left");
            Ended::Cut
        }
    }
}

impl Function {
    /// Handles the messages of a batch; those that are not acknowledged are the answer.
    pub(super) async fn queued(
        &self,
        event: SqsEvent,
        deadline: Deadline,
        handle: &impl AsyncFn(&Delivery) -> Verdict,
    ) -> Result<SqsBatchResponse, Error> {
        let measure = Measure::begin(&self.ports.config().stack, self.queue.as_str());
        let left = deadline.left(self.ports.clock().now());
        let each = event.records.into_iter().map(|message| async move {
            let (delivery, receipt) = received(&self.queue, message);
            let at_work = self.ports.queue().at_work();
            let ended = ended(handle, &delivery, left).await;
            drop(at_work);
            let counts = Counts::of(&ended);
            let failed = self.settle(&delivery, &receipt, ended).await;
            (counts, failed.then_some(delivery.message_id.0))
        });
        let (counts, failed): (Vec<_>, Vec<_>) = join_all(each).await.into_iter().unzip();
        measure.end(counts.into_iter().sum());
        quality::flush_due(self.ports.as_ref()).await;
        Ok(respond(failed.into_iter().flatten().collect()))
    }

    /// Hides a message until it is due again; returns whether it stays in its queue.
    async fn settle(&self, delivery: &Delivery, receipt: &str, ended: Ended) -> bool {
        let hidden = match ended {
            Ended::Verdict(Verdict::Acknowledge) => return false,
            Ended::Verdict(Verdict::RetryAfter(delay)) => delay.min(LONGEST),
            Ended::Verdict(Verdict::Fail) => Duration::ZERO,
            Ended::Panicked => AFTER_PANIC,
            // What it claimed may live: the queue's own time is longer than any claim's.
            Ended::Cut => return true,
        };
        let seconds = hidden.as_millis().div_ceil(1000);
        let hide = self
            .ports
            .sdk
            .sqs
            .change_message_visibility()
            .queue_url(self.ports.config().queue_url(&self.queue))
            .receipt_handle(receipt)
            .visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX));
        if let Err(error) = hide.send().await {
            let error = port(&error);
            tracing::warn!(queue = %delivery.queue, message.id = %delivery.message_id.0, %error, "the message stays hidden for the queue's own time");
        }
        true
    }
}

/// The partial batch response.
pub(super) fn respond(failed: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

fn received(queue: &QueueName, message: SqsMessage) -> (Delivery, String) {
    let mut attributes = message.attributes;
    let created = message.message_attributes.get("created");
    let stamps = Stamps {
        sent: attributes.remove("SentTimestamp"),
        receives: attributes.remove("ApproximateReceiveCount"),
        created: created.and_then(|attribute| attribute.string_value.clone()),
    };
    let id = message.message_id.unwrap_or_default();
    let body = message.body.unwrap_or_default();
    let receipt = message.receipt_handle.unwrap_or_default();
    (delivery(queue, &id, body, &stamps), receipt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Delivery {
        let event: SqsEvent = serde_json::from_value(serde_json::json!({ "Records": [{
            "messageId": "m1", "receiptHandle": "r1", "body": "{}",
            "attributes": { "SentTimestamp": "2000", "ApproximateReceiveCount": "3" },
            "messageAttributes": { "created": { "stringValue": "1000", "dataType": "Number" } },
        }] }))
        .unwrap();
        let record = event.records.into_iter().next().unwrap();
        received(&QueueName::of("send-sms"), record).0
    }

    #[test]
    fn a_record_is_a_delivery_with_its_stamps() {
        let delivery = message();
        assert_eq!(
            (delivery.message_id.0.as_str(), delivery.receive_count),
            ("m1", 3)
        );
        let stamps = (delivery.created, delivery.sent);
        assert_eq!(
            (stamps.0.as_millisecond(), stamps.1.as_millisecond()),
            (1000, 2000)
        );
    }

    #[tokio::test]
    async fn a_panic_and_a_handler_that_hangs_are_each_their_own_messages_failure() {
        let left = Duration::from_millis(20);
        let panics = async |_: &Delivery| -> Verdict { panic!("on purpose") };
        assert!(matches!(
            ended(&panics, &message(), left).await,
            Ended::Panicked
        ));
        let hangs = async |_: &Delivery| -> Verdict { std::future::pending().await };
        assert!(matches!(ended(&hangs, &message(), left).await, Ended::Cut));
        let done = async |_: &Delivery| Verdict::Acknowledge;
        let ended = ended(&done, &message(), left).await;
        assert!(matches!(ended, Ended::Verdict(Verdict::Acknowledge)));
    }
}
