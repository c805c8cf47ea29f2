//! Alerts: what was published, in order.

use holdfast_engine::definition::model::Severity;
use holdfast_engine::port::{Alert, Alerts, PortError, QueueName};

use super::Shared;
use super::queue::push;

/// Alerts in memory.
#[derive(Debug)]
pub struct MemoryAlerts(Shared);

impl MemoryAlerts {
    pub(super) fn new(shared: Shared) -> Self {
        Self(shared)
    }

    /// Every alert that was published, oldest first; one that was published twice is there twice.
    #[must_use]
    pub fn published(&self) -> Vec<Alert> {
        self.0.read(|state| state.alerts.clone())
    }
}

impl Alerts for MemoryAlerts {
    async fn publish(&self, alert: &Alert) -> Result<(), PortError> {
        let body = serde_json::to_string(alert);
        let body = body.map_err(|error| PortError::Unavailable(error.to_string()))?;
        self.0.change(|state| {
            state.alerts.push(alert.clone());
            if state.feeds && alert.severity != Severity::P3 {
                let (queue, now) = (QueueName::of("notify-oncall"), state.now);
                push(state, &queue, body, now, now);
            }
        });
        Ok(())
    }
}
