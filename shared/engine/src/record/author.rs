//! Who changed a record, and what led to it.

use serde::{Deserialize, Serialize};

use crate::event::Lineage;
use crate::id::{EventId, ExecutionRef, StepKey};
use crate::name::{SourceName, WorkflowName};

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// A workflow.
    Workflow(WorkflowName),
    /// A source, when it creates a record.
    Source(SourceName),
    /// A person.
    Person(String),
    /// Somebody who wrote past Holdfast, such as in the database's console.
    External,
}

/// The last change of a record. It lies on the record, so that lineage crosses the change feed;
/// a change made past Holdfast leaves it as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    /// Who.
    pub by: Author,
    /// The event that led to it.
    pub event: EventId,
    /// The execution and step, of a workflow's change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<(ExecutionRef, StepKey)>,
    /// The version of the definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The chain of workflows, this one included.
    #[serde(default)]
    pub lineage: Lineage,
    /// Whether it is one of many that were made in one operation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bulk: bool,
}

impl std::fmt::Display for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Workflow(name) => write!(f, "workflow `{name}`"),
            Self::Source(name) => write!(f, "source `{name}`"),
            Self::Person(name) => write!(f, "{name}"),
            Self::External => f.write_str("hand"),
        }
    }
}
