//! Alerts: what was published, in order.

use holdfast_engine::port::{Alert, Alerts, PortError};

use super::Shared;

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
        self.0.change(|state| state.alerts.push(alert.clone()));
        Ok(())
    }
}
