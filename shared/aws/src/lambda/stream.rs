//! Changes of a table. What cannot be handled now goes to the function's own queue, with its
//! receives and its dead letters, so that no record holds up those behind it in the stream.

use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use futures_util::future::join_all;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{
    Clock, Delivery, MAX_DELAY, MessageId, Outgoing, PortError, Ports, Queue, QueueName, Verdict,
};
use jiff::Timestamp;
use lambda_runtime::Error;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::Function;
use super::batch::{Deadline, Ended, ended, respond};
use super::metrics::{Counts, Measure};

/// How long a change waits whose handler panicked or was cut.
const LATER: Duration = Duration::from_secs(30);

/// Changes, as the platform hands them over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    records: Vec<Record>,
}

/// One change, as the stream delivers it.
#[derive(Debug, Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    keys: Keys,
    sequence_number: String,
    /// Seconds since 1970.
    approximate_creation_date_time: Option<f64>,
    old_image: Option<Image>,
    new_image: Option<Image>,
}

#[derive(Debug, Deserialize)]
struct Keys {
    pk: Text,
}

#[derive(Debug, Deserialize)]
struct Image {
    rev: Option<Number>,
    body: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

#[derive(Debug, Deserialize)]
struct Number {
    #[serde(rename = "N")]
    number: String,
}

impl Image {
    fn revision(&self) -> u64 {
        let number = self.rev.as_ref().map(|rev| rev.number.as_str());
        number.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The body as JSON; what somebody made of it by hand that is none is a text.
    fn body(&self) -> Json {
        let text = self.body.as_ref().map_or("", |body| &body.text);
        match serde_json::from_str::<&RawValue>(text) {
            Ok(_) => serde_json::from_str(text).unwrap_or(Json::Null),
            Err(_) => Json::from(text),
        }
    }
}

impl Change {
    fn tenant(&self) -> &str {
        let partition = &self.keys.pk.text;
        partition.split('#').next().unwrap_or(partition)
    }

    /// The body of the change feed's message. A change that did not raise the revision is not
    /// ours: it has a sequence number, by which its event is told from others.
    fn feed(&self) -> Json {
        let revision = |image: &Option<Image>| image.as_ref().map_or(0, Image::revision);
        let (old, new) = (revision(&self.old_image), revision(&self.new_image));
        let body = |image: &Option<Image>| image.as_ref().map_or(Json::Null, Image::body);
        let mut feed = json!({
            "tenant": self.tenant(),
            "partition": self.keys.pk.text,
            "revision": if self.new_image.is_some() { new } else { old },
            "old": body(&self.old_image),
            "new": body(&self.new_image),
        });
        let ours = match (&self.old_image, &self.new_image) {
            (None, Some(_)) => new == 1,
            (Some(_), Some(_)) => new == old + 1,
            // Holdfast leaves a tombstone and takes no record away.
            _ => false,
        };
        if let (false, Some(members)) = (ours, feed.as_object_mut()) {
            members.insert("sequence".to_owned(), json!(self.sequence_number));
        }
        feed
    }

    fn delivery(&self, queue: &QueueName, now: Timestamp) -> Delivery {
        let at = self.approximate_creation_date_time;
        let at = at.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let at = at.and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok());
        Delivery {
            queue: queue.clone(),
            message_id: MessageId(format!("stream-{}", self.sequence_number)),
            body: self.feed().to_string(),
            created: at.unwrap_or(now),
            sent: at.unwrap_or(now),
            receive_count: 1,
            last_receive: false,
        }
    }
}

/// The deliveries that a function gets of a stream's event: what one machine's change feed sends.
///
/// # Errors
/// When the event is not a stream's.
pub fn deliveries(
    event: Json,
    queue: &QueueName,
    now: Timestamp,
) -> Result<Vec<Delivery>, serde_json::Error> {
    let Batch { records } = serde_json::from_value(event)?;
    let changes = records.iter().map(|record| &record.dynamodb);
    Ok(changes.map(|change| change.delivery(queue, now)).collect())
}

/// Whether an event comes from a table's stream.
pub(super) fn is_stream(event: &Json) -> bool {
    event.pointer("/Records/0/dynamodb").is_some()
}

impl Function {
    /// Handles the changes of a batch; the answer names those that could not even be put aside.
    pub(super) async fn streamed(
        &self,
        event: Json,
        deadline: Deadline,
        handle: &impl AsyncFn(&Delivery) -> Verdict,
    ) -> Result<SqsBatchResponse, Error> {
        let measure = Measure::begin(&self.ports.config().stack, self.queue.as_str());
        let Batch { records } = serde_json::from_value(event)?;
        let now = self.ports.clock().now();
        let left = deadline.left(now);
        let each = records.iter().map(|record| async move {
            let delivery = record.dynamodb.delivery(&self.queue, now);
            let at_work = self.ports.queue().at_work();
            let ended = ended(handle, &delivery, left).await;
            drop(at_work);
            let counts = Counts::of(&ended);
            let put_aside = self.put_aside(&record.dynamodb, delivery, ended).await;
            let failed = put_aside.err().map(|error| {
                tracing::error!(queue = %self.queue, %error, "a change cannot be put aside");
                record.dynamodb.sequence_number.clone()
            });
            (counts, failed)
        });
        let (counts, failed): (Vec<_>, Vec<_>) = join_all(each).await.into_iter().unzip();
        measure.end(counts.into_iter().sum());
        Ok(respond(failed.into_iter().flatten().collect()))
    }

    async fn put_aside(
        &self,
        change: &Change,
        delivery: Delivery,
        ended: Ended,
    ) -> Result<(), PortError> {
        let delay = match ended {
            Ended::Verdict(Verdict::Acknowledge) => return Ok(()),
            Ended::Verdict(Verdict::RetryAfter(delay)) => delay.min(MAX_DELAY),
            Ended::Verdict(Verdict::Fail) => Duration::ZERO,
            Ended::Panicked | Ended::Cut => LATER,
        };
        let tenant = TenantName::new(change.tenant()).or_else(|_| TenantName::new("-"));
        let message = Outgoing {
            queue: self.queue.clone(),
            body: delivery.body,
            delay,
            tenant: tenant.map_err(|error| PortError::Unavailable(error.to_string()))?,
            created: delivery.created,
        };
        self.ports.queue().send(vec![message]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(old: Option<(&str, &str)>, new: Option<(&str, &str)>) -> Change {
        let image = |(rev, body): (&str, &str)| {
            let text = json!({ "S": body });
            json!({ "pk": { "S": "demo#patient#p" }, "rev": { "N": rev }, "body": text })
        };
        let record: Record = serde_json::from_value(json!({ "eventName": "MODIFY", "dynamodb": {
            "Keys": { "pk": { "S": "demo#patient#p" }, "sk": { "S": "record" } },
            "SequenceNumber": "111", "ApproximateCreationDateTime": 1_700_000_000.0,
            "OldImage": old.map(image), "NewImage": new.map(image),
        } }))
        .unwrap();
        record.dynamodb
    }

    #[test]
    fn a_change_of_ours_is_fed_as_on_one_machine() {
        let change = change(Some(("1", r#"{"a":1}"#)), Some(("2", r#"{"a":2}"#)));
        assert_eq!(
            change.feed(),
            json!({ "tenant": "demo", "partition": "demo#patient#p", "revision": 2,
                "old": { "a": 1 }, "new": { "a": 2 } })
        );
        let delivery = change.delivery(&QueueName::of("watch-records"), Timestamp::MAX);
        assert_eq!(delivery.created.as_second(), 1_700_000_000);
    }

    #[test]
    fn a_change_by_hand_keeps_its_revision_and_gets_a_number() {
        let change = change(Some(("2", r#"{"a":1}"#)), Some(("2", r#"{"a":2}"#)));
        assert_eq!(change.feed()["sequence"], "111");
    }

    #[test]
    fn a_record_that_was_taken_away_or_put_there_by_hand_gets_a_number() {
        let taken = change(Some(("2", r#"{"a":1}"#)), None);
        assert_eq!(
            (&taken.feed()["sequence"], &taken.feed()["revision"]),
            (&json!("111"), &json!(2))
        );
        let put = change(None, Some(("7", r#"{"a":1}"#)));
        assert_eq!(put.feed()["sequence"], "111");
        let ours = change(None, Some(("1", r#"{"a":1}"#)));
        assert_eq!(ours.feed().get("sequence"), None);
    }

    #[test]
    fn what_is_no_json_is_fed_as_text_and_refused_by_its_handler() {
        let change = change(None, Some(("1", "{broken")));
        assert_eq!(change.feed()["new"], "{broken");
    }
}
