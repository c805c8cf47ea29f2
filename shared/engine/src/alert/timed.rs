//! Messages that the error route sends to itself, for later.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Incident, sender};
use crate::name::TenantName;
use crate::operation::Operation;
use crate::port::{Clock, Outgoing, PortError, Ports, QueueName, Timer, Timers};

/// A message that the error route sends to itself, for later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timed {
    /// A window closes, or a phone stayed unanswered.
    AlertDue(AlertDue),
    /// Somebody should have decided.
    ReviewDue(ReviewDue),
    /// The path of alerts is tried.
    Canary(CanaryDue),
}

/// When something is to be decided about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertDue {
    /// Whose incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantName>,
    /// Which.
    pub fingerprint: String,
    /// Since when: another incident's timer is stale.
    pub started_at: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// When somebody should have decided about an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewDue {
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantName>,
    /// The operation's partition.
    pub partition: String,
    /// Since when it needs someone: another opening's timer is stale.
    pub opened_at: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// When the path of alerts is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryDue {
    /// Whose path.
    pub tenant: TenantName,
    /// When.
    pub at: Timestamp,
}

impl Timed {
    /// The message of an incident's next decision.
    #[must_use]
    pub fn incident(incident: &Incident) -> Self {
        Self::AlertDue(AlertDue {
            tenant: incident.tenant.clone(),
            fingerprint: incident.fingerprint.clone(),
            started_at: incident.started_at,
            at: incident.next_due(),
        })
    }

    /// The message of an operation's deadline.
    #[must_use]
    pub fn review(operation: &Operation) -> Self {
        let handling = operation.handling();
        Self::ReviewDue(ReviewDue {
            tenant: operation.tenant().cloned(),
            partition: operation.key().partition,
            opened_at: handling.opened_at,
            at: handling.due,
        })
    }

    fn at(&self) -> Timestamp {
        match self {
            Self::AlertDue(due) => due.at,
            Self::ReviewDue(due) => due.at,
            Self::Canary(due) => due.at,
        }
    }

    fn id(&self) -> String {
        match self {
            Self::AlertDue(due) => format!("alert {} {}", due.fingerprint, due.started_at),
            Self::ReviewDue(due) => format!("review {}", due.partition),
            Self::Canary(_) => "canary".to_owned(),
        }
    }

    fn tenant(&self) -> Result<TenantName, PortError> {
        sender(match self {
            Self::AlertDue(due) => due.tenant.as_ref(),
            Self::ReviewDue(due) => due.tenant.as_ref(),
            Self::Canary(due) => Some(&due.tenant),
        })
    }

    /// Arms the timer; arming twice is arming once.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn arm<P: Ports>(&self, ports: &P) -> Result<(), PortError> {
        let body = serde_json::to_string(self)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        let message = Outgoing {
            queue: QueueName::of("handle-error"),
            body,
            delay: Duration::ZERO,
            tenant: self.tenant()?,
            created: ports.clock().now(),
        };
        let (due, id) = (self.at(), self.id());
        ports.timers().arm(Timer { due, id, message }).await
    }
}
