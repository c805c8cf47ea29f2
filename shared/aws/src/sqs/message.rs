//! A message with the stamps that lie outside its body.

use std::collections::HashMap;

use aws_sdk_sqs::types::MessageAttributeValue;
use holdfast_engine::port::{Delivery, MessageId, Outgoing, PortError, QueueName};
use jiff::Timestamp;

use super::MAX_RECEIVE_COUNT;

/// When our code sent the message, in milliseconds since 1970.
const CREATED: &str = "created";

/// Whose work it is.
const TENANT: &str = "tenant";

/// What a queue says of a message beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamps {
    /// `SentTimestamp`.
    pub(crate) sent: Option<String>,
    /// `ApproximateReceiveCount`.
    pub(crate) receives: Option<String>,
    /// Our `created`; absent from what our code did not send itself.
    pub(crate) created: Option<String>,
}

/// The attributes of a message to send.
pub(super) fn attributes(
    message: &Outgoing,
) -> Result<HashMap<String, MessageAttributeValue>, PortError> {
    let attribute = |kind: &str, value: String| {
        MessageAttributeValue::builder()
            .data_type(kind)
            .string_value(value)
            .build()
            .map_err(|error| PortError::Unavailable(error.to_string()))
    };
    let created = message.created.as_millisecond().to_string();
    Ok(HashMap::from([
        (CREATED.to_owned(), attribute("Number", created)?),
        (
            TENANT.to_owned(),
            attribute("String", message.tenant.to_string())?,
        ),
    ]))
}

/// A message as a function receives it. What our code did not send itself, such as an alert that
/// came through the topic, was created when it was sent.
pub(crate) fn delivery(queue: &QueueName, id: &str, body: String, stamps: &Stamps) -> Delivery {
    let sent = millis(stamps.sent.as_deref()).unwrap_or(Timestamp::UNIX_EPOCH);
    let receives = stamps
        .receives
        .as_deref()
        .and_then(|text| text.parse().ok());
    let receive_count: u32 = receives.unwrap_or(1);
    Delivery {
        queue: queue.clone(),
        message_id: MessageId(id.to_owned()),
        body,
        created: millis(stamps.created.as_deref()).unwrap_or(sent),
        sent,
        receive_count,
        last_receive: receive_count >= MAX_RECEIVE_COUNT,
    }
}

/// The text of a message attribute.
pub(super) fn attribute<'a>(
    attributes: Option<&'a HashMap<String, MessageAttributeValue>>,
    name: &str,
) -> Option<&'a str> {
    attributes?.get(name)?.string_value.as_deref()
}

/// Our `created` of a received message.
pub(super) fn created(
    attributes: Option<&HashMap<String, MessageAttributeValue>>,
) -> Option<String> {
    attribute(attributes, CREATED).map(str::to_owned)
}

/// Whose work a received message is.
pub(super) fn tenant(attributes: Option<&HashMap<String, MessageAttributeValue>>) -> String {
    attribute(attributes, TENANT).unwrap_or_default().to_owned()
}

/// A time of a stamp.
pub(super) fn millis(text: Option<&str>) -> Option<Timestamp> {
    Timestamp::from_millisecond(text?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(receives: &str, created: Option<&str>) -> Stamps {
        Stamps {
            sent: Some("2000".to_owned()),
            receives: Some(receives.to_owned()),
            created: created.map(str::to_owned),
        }
    }

    fn received(stamps: &Stamps) -> Delivery {
        delivery(&QueueName::of("send-sms"), "m", "{}".to_owned(), stamps)
    }

    #[test]
    fn the_eighth_receive_is_the_last() {
        assert!(!received(&stamps("7", None)).last_receive);
        assert!(received(&stamps("8", None)).last_receive);
    }

    #[test]
    fn created_is_ours_or_else_when_it_was_sent() {
        let at = |delivery: Delivery| delivery.created.as_millisecond();
        assert_eq!(at(received(&stamps("1", Some("1000")))), 1000);
        assert_eq!(at(received(&stamps("1", None))), 2000);
    }
}
