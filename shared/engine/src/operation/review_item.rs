//! Review items: decisions that wait for a person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Handling;
use crate::definition::model::Severity;
use crate::id::{ExecutionRef, StepKey};
use crate::name::TenantName;

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
    /// A new record that may be one that is there already.
    ProbableDuplicate,
}

impl ReviewKind {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid-input",
            Self::FailedStep => "failed-step",
            Self::UnknownOutcome => "unknown-outcome",
            Self::AmbiguousRecord => "ambiguous-record",
            Self::ProbableDuplicate => "probable-duplicate",
        }
    }
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
    /// How urgent it is.
    pub severity: Severity,
    /// What was done about it.
    #[serde(flatten)]
    pub handling: Handling,
    /// The tenant.
    pub tenant: TenantName,
    /// When it was first asked.
    pub at: Timestamp,
    /// The function that asks.
    pub function: String,
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
