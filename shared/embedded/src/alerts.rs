//! Alerts on one machine: what is severe enough goes to the queue of `notify-oncall`, as a topic's
//! filter lets it through elsewhere.

use std::time::Duration;

use holdfast_engine::definition::model::Severity;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Alert, Alerts, Clock, Outgoing, PortError, Queue, QueueName};

use crate::store::SqliteQueue;

/// Whose work an alert is that belongs to no tenant: queues are fair between tenants.
const UNOWNED: &str = "unowned";

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
        let tenant = match &alert.tenant {
            Some(tenant) => tenant.clone(),
            None => TenantName::new(UNOWNED).map_err(|error| unfit(&error))?,
        };
        let message = Outgoing {
            queue: QueueName::of("notify-oncall"),
            body: serde_json::to_string(alert).map_err(|error| unfit(&error))?,
            delay: Duration::ZERO,
            tenant,
            created: self.clock.now(),
        };
        self.queue.send(vec![message]).await
    }
}
