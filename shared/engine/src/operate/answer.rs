//! What people are told of what they asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ItemRef, Stats};
use crate::field::Violation;
use crate::id::{ExecutionRef, StepKey};
use crate::operation::{Choice, Operation, ReviewKind, Status};
use crate::suppression::{Channel, Suppression};

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is acknowledged.
    Acknowledged {
        /// What.
        item: Listed,
    },
    /// It is taken.
    Claimed {
        /// What.
        item: Listed,
    },
    /// It is decided, and what follows was sent.
    Decided {
        /// What.
        item: Listed,
        /// What was decided.
        choice: Choice,
        /// The steps that were sent; none where nothing follows.
        #[serde(default)]
        steps: Vec<StepKey>,
        /// What the person should know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The input is still wrong: the operation stays open, with this report.
    StillInvalid {
        /// What.
        item: Listed,
        /// What is wrong, field by field.
        fields: Vec<Violation>,
    },
    /// What failed would be sent again.
    WouldRedrive {
        /// What.
        item: Listed,
    },
    /// What failed was sent again.
    Redriven {
        /// What.
        item: Listed,
        /// From where.
        from: Resent,
    },
    /// It was not sent again.
    NotRedriven {
        /// What.
        item: Listed,
        /// Why not.
        reason: NotRedriven,
    },
    /// A page of failures.
    Selected {
        /// Those that match.
        found: Vec<Listed>,
        /// Where the next page starts; absent: this is the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// The execution runs anew.
    Rerun {
        /// Which.
        execution: ExecutionRef,
        /// Its generation now.
        generation: u32,
        /// The steps that were sent.
        steps: Vec<StepKey>,
        /// Those of them whose effect is not repeated: it happened, under the same `once` key.
        #[serde(default)]
        suppressed: Vec<StepKey>,
    },
    /// An address is on the list of who is not written to, or is off it.
    Suppressed {
        /// The address, as the list knows it.
        address: String,
        /// By which way of writing.
        channel: Channel,
        /// Whether that is new.
        changed: bool,
        /// What is known of it; absent: it was never on the list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known: Option<Suppression>,
    },
    /// The figures.
    Stats(Stats),
}

/// From where a message was sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resent {
    /// The dead letter itself: its queue has it no longer.
    DeadLetter,
    /// The error record's envelope: there is no dead letter.
    Envelope,
}

/// Why a failure is not sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum NotRedriven {
    /// It is settled.
    Settled,
    /// It was sent again since it last failed.
    AlreadyRedriven {
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
    },
}

impl NotRedriven {
    /// Whether it was sent again, and what came of that is not known yet.
    #[must_use]
    pub fn is_redriven(&self) -> bool {
        matches!(self, Self::AlreadyRedriven { .. })
    }
}

/// An operation in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Which.
    #[serde(flatten)]
    pub item: ItemRef,
    /// Its kind.
    pub kind: ReviewKind,
    /// The stable name of what happened.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Whether it still needs someone.
    pub status: Status,
    /// The function.
    pub function: String,
    /// The execution, of a step's operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionRef>,
    /// The step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepKey>,
}

impl From<&Operation> for Listed {
    fn from(operation: &Operation) -> Self {
        Self {
            item: ItemRef {
                tenant: operation.tenant().cloned(),
                id: operation.id().to_owned(),
            },
            kind: operation.kind(),
            code: operation.code().to_owned(),
            message: operation.message().to_owned(),
            status: operation.handling().status,
            function: operation.function().to_owned(),
            execution: operation.execution().cloned(),
            step: operation.step().cloned(),
        }
    }
}
