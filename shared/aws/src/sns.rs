//! Alerts through a topic: its subscriptions choose by severity.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use holdfast_engine::definition::model::Severity;
use holdfast_engine::port::{Alert, Alerts, PortError};
use serde_json::json;

use crate::error::port;
use crate::sdk::Rare;

/// The longest text message that goes as one, in characters.
const SMS: usize = 140;

/// A topic of alerts.
#[derive(Debug, Clone)]
pub struct SnsAlerts {
    client: Rare<Client>,
    topic: String,
}

impl SnsAlerts {
    /// The alerts of this topic.
    #[must_use]
    pub fn new(client: Rare<Client>, topic: &str) -> Self {
        Self {
            client,
            topic: topic.to_owned(),
        }
    }
}

impl Alerts for SnsAlerts {
    async fn publish(&self, alert: &Alert) -> Result<(), PortError> {
        if alert.severity == Severity::P3 {
            return Ok(());
        }
        let unfit = |error: &dyn std::fmt::Display| PortError::Unavailable(error.to_string());
        let text = |value: &str| {
            MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .map_err(|error| unfit(&error))
        };
        let mut publish = self
            .client
            .publish()
            .topic_arn(&self.topic)
            .message_structure("json")
            .message(message(alert).map_err(|error| unfit(&error))?)
            .message_attributes("severity", text(severity(alert.severity))?);
        if let Some(tenant) = &alert.tenant {
            publish = publish.message_attributes("tenant", text(tenant.as_str())?);
        }
        publish.send().await.map(drop).map_err(|error| port(&error))
    }
}

/// One message a protocol: the whole alert for the queue, a line for a phone.
fn message(alert: &Alert) -> Result<String, serde_json::Error> {
    let whole = serde_json::to_string(alert)?;
    let line = line(alert);
    Ok(json!({ "default": line, "email": line, "sms": line, "sqs": whole }).to_string())
}

fn line(alert: &Alert) -> String {
    let line = format!(
        "{} {} ({}x): {}",
        severity(alert.severity),
        alert.title,
        alert.count,
        alert.show
    );
    line.chars().take(SMS).collect()
}

/// The value by which subscriptions choose.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::P1 => "P1",
        Severity::P2 => "P2",
        Severity::P3 => "P3",
    }
}

#[cfg(test)]
mod tests {
    use holdfast_engine::port::Occasion;
    use jiff::Timestamp;

    use super::*;

    fn alert() -> Alert {
        Alert {
            id: "a".to_owned(),
            occasion: Occasion::First,
            severity: Severity::P1,
            tenant: None,
            pack: None,
            fingerprint: "booking/confirm/HttpStatus500".to_owned(),
            title: "booking: confirm failed".to_owned(),
            code: "HttpStatus500".to_owned(),
            reference: None,
            operation: "o".to_owned(),
            first_at: Timestamp::UNIX_EPOCH,
            last_at: Timestamp::UNIX_EPOCH,
            count: 3,
            tier: 0,
            show: format!("holdfast errors show {}", "o".repeat(200)),
            repair: "holdfast redrive o".to_owned(),
        }
    }

    #[test]
    fn the_queue_gets_the_whole_alert_and_a_phone_one_short_line() {
        let message: serde_json::Value = serde_json::from_str(&message(&alert()).unwrap()).unwrap();
        let whole: Alert = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
        assert_eq!(whole, alert());
        let line = message["sms"].as_str().unwrap();
        assert!(line.starts_with("P1 booking: confirm failed (3x): holdfast errors show"));
        assert_eq!(line.chars().count(), SMS);
    }
}
