//! The error record by which an open breaker takes the error route: one per breaker, open as long
//! as the breaker is.

use jiff::Timestamp;

use super::{Effect, Subject};
use crate::definition::model::Severity;
use crate::key;
use crate::name::TenantName;
use crate::operation::{ERROR, ErrorRecord, Handling};
use crate::port::Key;

/// The code of the error record of an open breaker.
pub const BREAKER_OPENED: &str = "BreakerOpened";

/// A breaker that opened.
#[derive(Debug, Clone, Copy)]
pub struct Opened<'a> {
    /// The tenant.
    pub tenant: &'a TenantName,
    /// What it guards.
    pub subject: &'a Subject,
    /// Of the workflow whose failure opened it.
    pub severity: Severity,
    /// The version of the definitions, `pack@hash`.
    pub version: &'a str,
}

impl Opened<'_> {
    /// The key of its error record.
    #[must_use]
    pub fn key(&self) -> Key {
        record_key(self.tenant, self.subject)
    }

    /// Its error record. It names no execution, and no message repeats it: its `function` is what
    /// the breaker guards.
    #[must_use]
    pub fn record(&self, (failed, total): (u64, u64), now: Timestamp) -> ErrorRecord {
        let severity = self.severity.min(Severity::P2);
        ErrorRecord {
            id: id(self.subject),
            code: BREAKER_OPENED.to_owned(),
            message: format!(
                "{failed} of the last {total} attempts of {} failed; its work waits until it recovers",
                self.subject
            ),
            severity,
            handling: Handling::opened(now, severity),
            function: self.subject.to_string(),
            execution: None,
            step: None,
            version: Some(self.version.to_owned()),
            tenant: Some(self.tenant.clone()),
            attempt: 1,
            first_at: now,
            last_at: now,
            count: 1,
            message_id: None,
            created: None,
            envelope: String::new(),
        }
    }
}

/// The command by which a person closes the breaker that an error record tells of; `None`: it
/// tells of something else.
#[must_use]
pub fn start_command(record: &ErrorRecord) -> Option<String> {
    let (kind, subject) = record.function.split_once(' ')?;
    let (_, name) = subject.split_once('/')?;
    let option = match kind {
        "connection" => "--connection ",
        _ => "",
    };
    (record.code == BREAKER_OPENED).then(|| format!("holdfast start {option}{name}"))
}

impl Effect {
    /// How many of how many attempts failed, when it opened.
    #[must_use]
    pub fn opened(self) -> Option<(u64, u64)> {
        match self {
            Self::Opened { failed, total } => Some((failed, total)),
            Self::Closed => None,
        }
    }
}

/// The key of a breaker's error record.
pub(super) fn record_key(tenant: &TenantName, subject: &Subject) -> Key {
    key::operation(tenant, ERROR, &id(subject))
}

fn id(subject: &Subject) -> String {
    ErrorRecord::id_of(&subject.sort(), BREAKER_OPENED)
}
