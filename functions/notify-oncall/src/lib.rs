//! Tells the people on call.

use holdfast_engine::port::{Alert, Delivery, Ports, Verdict};
use holdfast_engine::undeliverable;

/// Handles one published alert.
pub async fn handle<P: Ports>(ports: &P, delivery: &Delivery) -> Verdict {
    match serde_json::from_str::<Alert>(&delivery.body) {
        Ok(alert) => {
            tracing::warn!(code = alert.code, severity = ?alert.severity, "{}", alert.title);
            Verdict::Acknowledge
        }
        Err(error) => undeliverable::refuse(ports, delivery, &error.to_string()).await,
    }
}
