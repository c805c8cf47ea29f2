//! Error records: failures, with everything that is needed to understand and to repeat them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Handling;
use crate::definition::model::Severity;
use crate::hash;
use crate::id::{ExecutionRef, StepKey};
use crate::name::TenantName;
use crate::port::MessageId;

/// A failure, with everything that is needed to understand it and to run the step again. That of
/// a step that failed for good is a person's review item too: one item, one id.
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
    /// What was done about it.
    #[serde(flatten)]
    pub handling: Handling,
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
    /// The physical message that failed; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// When our code sent that message: a redrive keeps the stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The message as it was delivered: running it again needs nothing else.
    pub envelope: String,
}

impl ErrorRecord {
    /// The identity of a failure.
    #[must_use]
    pub fn id_of(envelope_key: &str, code: &str) -> String {
        hash::base32(&[envelope_key.as_bytes(), code.as_bytes()])
    }

    /// This failure seen once more: it needs someone, whatever it was.
    #[must_use]
    pub fn again(self, earlier: &Self) -> Self {
        Self {
            first_at: earlier.first_at,
            count: earlier.count.saturating_add(1),
            handling: self.handling.again(&earlier.handling),
            ..self
        }
    }
}
