//! Alerts: what people are called for.

use std::future::Future;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PortError;
use crate::definition::model::Severity;
use crate::name::TenantName;

/// Why an alert is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// It happened for the first time.
    First,
    /// It went on happening: the count is new.
    Repeated,
    /// Nobody acknowledged it.
    Unacknowledged,
    /// Nobody acknowledged it for long: the next person is called.
    Escalated,
    /// Nobody decided in time.
    Overdue,
    /// It is over.
    Resolved,
    /// Nothing happened: the path is tried.
    Canary,
}

/// What people are called for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The identity: one that is published twice is one alert.
    pub id: String,
    /// Why now.
    pub occasion: Occasion,
    /// How urgent it is: the attribute by which subscribers choose.
    pub severity: Severity,
    /// Whose it is; absent where that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantName>,
    /// The pack whose `alerts:` say whom to call; absent: every pack's of the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// What happens alike: workflow or function, step and code.
    pub fingerprint: String,
    /// What happened, without personal values.
    pub title: String,
    /// The stable name of what happened.
    pub code: String,
    /// The reference of the latest execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The latest operation's id.
    pub operation: String,
    /// When it was first seen.
    pub first_at: Timestamp,
    /// When it was last seen.
    pub last_at: Timestamp,
    /// How often it was seen.
    pub count: u64,
    /// Which of the phones is called, from 0; higher ones after nobody acknowledged.
    pub tier: u32,
    /// The command that shows it.
    pub show: String,
    /// The command that repairs it.
    pub repair: String,
}

/// The tiers of people who are called.
pub trait Alerts: Send + Sync {
    /// Publishes an alert; durable when it returns.
    ///
    /// # Errors
    /// [`PortError`] when it may not have been published.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<(), PortError>> + Send;
}
