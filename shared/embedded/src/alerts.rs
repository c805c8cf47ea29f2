//! Alerts on one machine: what is severe enough goes to the queue of `notify-oncall`, as a topic's
//! filter lets it through elsewhere.

use std::time::Duration;

use holdfast_engine::alert;
use holdfast_engine::definition::model::Severity;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Alert, Alerts, Clock, Outgoing, PortError, Ports, Queue, QueueName};

use crate::store::SqliteQueue;

/// Alerts over a queue.
#[derive(Debug)]
pub struct QueueAlerts<C> {
    queue: SqliteQueue<C>,
    clock: C,
}

impl<C> QueueAlerts<C> {
    pub(crate) fn new(queue: SqliteQueue<C>, clock: C) -> Self {
        Self { queue, clock }
    }
}

impl<C: Clock> Alerts for QueueAlerts<C> {
    async fn publish(&self, alert: &Alert) -> Result<(), PortError> {
        if alert.severity == Severity::P3 {
            return Ok(());
        }
        let unfit = |error: &dyn std::fmt::Display| PortError::Unavailable(error.to_string());
        let message = Outgoing {
            queue: QueueName::of("notify-oncall"),
            body: serde_json::to_string(alert).map_err(|error| unfit(&error))?,
            delay: Duration::ZERO,
            tenant: alert::sender(alert.tenant.as_ref())?,
            created: self.clock.now(),
        };
        self.queue.send(vec![message]).await
    }
}

/// Watches the tenants' paths of alerts.
pub(crate) async fn begin_paths<P: Ports>(
    ports: &P,
    tenants: &[TenantName],
) -> Result<(), PortError> {
    for tenant in tenants {
        let begun = alert::begin_path(ports, tenant).await;
        begun.map_err(|trouble| PortError::Unavailable(trouble.to_string()))?;
    }
    Ok(())
}
