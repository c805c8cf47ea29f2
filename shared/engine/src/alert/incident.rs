//! An incident: what is known of everything that happened alike since it began.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Subject;
use crate::definition::model::Severity;
use crate::hash;
use crate::name::TenantName;
use crate::operation::Mark;
use crate::port::{Alert, Occasion};

/// The operations that an incident remembers of its beginning, and as many of its end: a flood has
/// too many to keep them all.
const REMEMBERED: usize = 16;

/// What an incident is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something happened.
    Failures,
    /// Nobody decided in time.
    Overdue,
    /// Nothing happened: the path is tried.
    Canary,
}

/// Everything that happened alike since it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What it is about.
    pub kind: Kind,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantName>,
    /// What happens alike.
    pub fingerprint: String,
    /// When it began: with the fingerprint, its identity.
    pub started_at: Timestamp,
    /// How urgent the most urgent of it is.
    pub severity: Severity,
    /// The latest operation.
    pub subject: Subject,
    /// Partitions of operations that belong to it: the first ones and the latest.
    pub operations: Vec<String>,
    /// When it was last seen.
    pub last_at: Timestamp,
    /// How often it was seen.
    pub count: u64,
    /// How much of that people were told.
    pub told: u64,
    /// Messages so far: the next one's number.
    pub messages: u32,
    /// How long the window under way is.
    pub window: Duration,
    /// When that window closes.
    pub due: Timestamp,
    /// The phone that is called, from 0.
    pub tier: u32,
    /// When the next phone is called; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalates_at: Option<Timestamp>,
    /// Who said that they know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Mark>,
    /// Whether nothing of it needs anyone any more.
    #[serde(default)]
    pub settled: bool,
    /// What is to be published, if that did not happen yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished: Option<Alert>,
}

impl Incident {
    /// Whether somebody has to answer.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.kind == Kind::Failures
            && self.severity == Severity::P1
            && self.acknowledged.is_none()
            && !self.settled
    }

    /// When something is to be decided next.
    #[must_use]
    pub fn next_due(&self) -> Timestamp {
        self.escalates_at.map_or(self.due, |at| at.min(self.due))
    }

    /// Remembers one more operation.
    pub(super) fn remember(&mut self, partition: &str) {
        self.operations.retain(|known| known != partition);
        if self.operations.len() >= 2 * REMEMBERED {
            self.operations.remove(REMEMBERED);
        }
        self.operations.push(partition.to_owned());
    }

    /// Puts down what is to be said next.
    pub(super) fn say(&mut self, occasion: Occasion) {
        let number = self.messages;
        self.messages = number.saturating_add(1);
        self.told = self.count;
        self.unpublished = Some(self.alert(occasion, number));
    }

    fn alert(&self, occasion: Occasion, number: u32) -> Alert {
        let subject = &self.subject;
        let start = self.started_at.to_string();
        let number = number.to_string();
        Alert {
            id: hash::base32(&[
                self.fingerprint.as_bytes(),
                start.as_bytes(),
                number.as_bytes(),
            ]),
            occasion,
            severity: self.severity,
            tenant: self.tenant.clone(),
            pack: subject.pack.clone(),
            fingerprint: self.fingerprint.clone(),
            title: subject.title.clone(),
            code: subject.code.clone(),
            reference: subject.reference.clone(),
            operation: subject.id.clone(),
            first_at: self.started_at,
            last_at: self.last_at,
            count: self.count,
            tier: self.tier,
            show: subject.show.clone(),
            repair: subject.repair.clone(),
        }
    }
}
