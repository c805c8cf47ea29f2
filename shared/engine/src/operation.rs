//! Operations: what a person should see, error records and review items.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::definition::model::Severity;
use crate::hash;
use crate::id::{ExecutionRef, StepKey};
use crate::name::TenantName;

/// The kind of error records in keys.
pub const ERROR: &str = "error";

/// The kind of review items in keys.
pub const REVIEW: &str = "review";

/// The longest message that an operation keeps whole, in bytes: the rest of the item fits beside
/// it in the smallest store.
pub const MAX_SUBJECT: usize = 256 * 1024;

/// A message as an operation keeps it: whole, or its beginning with its size and SHA-256, by which
/// the whole one is recognised in the dead-letter queue.
#[must_use]
pub fn bounded(message: &str) -> String {
    if message.len() <= MAX_SUBJECT {
        return message.to_owned();
    }
    let beginning: String = message.chars().take(MAX_SUBJECT / 16).collect();
    serde_json::json!({
        "truncated": { "bytes": message.len(), "sha256": hash::hex(&[message.as_bytes()]) },
        "beginning": beginning,
    })
    .to_string()
}

/// Whether an operation still needs someone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Open,
    /// It is settled.
    Closed,
}

/// A failure, with everything that is needed to understand it and to run the step again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorRecord {
    /// Hash of execution, generation, step and failure: a repeat is the same record.
    pub id: String,
    /// Stable PascalCase name of the failure.
    #[serde(rename = "type")]
    pub code: String,
    /// What happened.
    pub message: String,
    /// How urgent it is.
    pub severity: Severity,
    /// Whether it still needs someone.
    pub status: Status,
    /// The function.
    pub function: String,
    /// The execution; absent for what could not be decoded or routed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionRef>,
    /// The step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepKey>,
    /// The version of the definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The tenant; absent where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantName>,
    /// The attempt that failed.
    pub attempt: u32,
    /// When it was first seen.
    pub first_at: Timestamp,
    /// When it was last seen.
    pub last_at: Timestamp,
    /// How often it was seen.
    pub count: u32,
    /// The message as it was delivered: running it again needs nothing else.
    pub envelope: String,
}

impl ErrorRecord {
    /// The identity of a failure.
    #[must_use]
    pub fn id_of(envelope_key: &str, code: &str) -> String {
        hash::base32(&[envelope_key.as_bytes(), code.as_bytes()])
    }

    /// This failure seen once more: open, whatever it was.
    #[must_use]
    pub fn again(self, earlier: &Self) -> Self {
        Self {
            first_at: earlier.first_at,
            count: earlier.count.saturating_add(1),
            ..self
        }
    }
}

/// Why a person must decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewKind {
    /// An event whose fields are missing or wrong.
    InvalidInput,
    /// A step that failed for good.
    FailedStep,
    /// An effect that may have happened.
    UnknownOutcome,
    /// An event that speaks of several records.
    AmbiguousRecord,
}

/// A decision that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewItem {
    /// The identity: what is reviewed twice is one item.
    pub id: String,
    /// Why.
    pub kind: ReviewKind,
    /// What happened, in a sentence.
    pub title: String,
    /// Whether it still waits.
    pub status: Status,
    /// The tenant.
    pub tenant: TenantName,
    /// When it was first asked.
    pub at: Timestamp,
    /// The execution, of a step's item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionRef>,
    /// The step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepKey>,
    /// What the reviewer needs: a report per field, the candidates, the error.
    pub report: Json,
    /// What is decided on: the request or the envelope.
    pub subject: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_too_large_is_kept_by_its_beginning_and_its_hash() {
        assert_eq!(bounded("short"), "short");
        let long = "ä\u{1}".repeat(MAX_SUBJECT);
        let kept = bounded(&long);
        assert!(kept.len() <= MAX_SUBJECT, "{} bytes", kept.len());
        assert!(kept.contains(&hash::hex(&[long.as_bytes()])));
    }
}
