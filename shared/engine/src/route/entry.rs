//! An event's entry: what was decided about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::definition::model::ManifestId;
use crate::entry::Dispatch;
use crate::envelope::Context;
use crate::event::{Event, Lineage};
use crate::id::{ExecutionId, ExecutionRef, RecordRef};
use crate::name::{RecordId, WorkflowName};

/// What was decided about an event, for every workflow that its name or record concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventEntry {
    /// The event.
    pub event: Event,
    /// What led to it.
    #[serde(default)]
    pub lineage: Lineage,
    /// The record in whose timeline it lies.
    pub home: RecordRef,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// The records that it speaks of, by their `as` names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, RecordId>,
    /// The snapshots that decisions were based on, by `type/id`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub snapshots: BTreeMap<String, Json>,
    /// The settings that decisions were based on, by pack.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, Map<String, Json>>,
    /// The decisions; none: the event is unmatched.
    #[serde(default)]
    pub decisions: Vec<Decision>,
}

/// What was decided for one workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The workflow.
    pub workflow: WorkflowName,
    /// The version that was live.
    pub manifest: ManifestId,
    /// The record that its execution belongs to.
    pub home: RecordRef,
    /// The decision.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Whether a workflow was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It was.
    Started {
        /// The execution.
        execution: ExecutionId,
        /// The values of `let`.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        lets: Map<String, Json>,
        /// What was sent first.
        dispatch: Box<Dispatch>,
    },
    /// It was not.
    Skipped {
        /// Why.
        reason: String,
    },
    /// The chain of workflows was stopped here.
    Stopped {
        /// Why.
        reason: String,
    },
}

impl EventEntry {
    /// Whether it started anything.
    #[must_use]
    pub fn started(&self) -> bool {
        self.decisions
            .iter()
            .any(|decision| matches!(decision.outcome, Outcome::Started { .. }))
    }

    /// The reference of an execution that a decision started.
    #[must_use]
    pub fn execution(decision: &Decision) -> Option<ExecutionRef> {
        let Outcome::Started { execution, .. } = &decision.outcome else {
            return None;
        };
        let (home, workflow) = (decision.home.clone(), decision.workflow.clone());
        Some(ExecutionRef {
            home,
            workflow,
            execution: execution.clone(),
        })
    }

    /// What an execution of this event knows at its start.
    #[must_use]
    pub fn context(&self, decision: &Decision) -> Context {
        let lets = match &decision.outcome {
            Outcome::Started { lets, .. } => lets.clone(),
            Outcome::Skipped { .. } | Outcome::Stopped { .. } => Map::new(),
        };
        Context {
            element: None,
            event: self.event.clone(),
            record: self.snapshot(&decision.home).cloned(),
            steps: Map::new(),
            lets,
            config: self
                .config
                .get(decision.manifest.pack.as_str())
                .cloned()
                .unwrap_or_default(),
            lineage: self.lineage.clone(),
        }
    }

    /// The snapshot of a record: for a record event the event's own.
    fn snapshot(&self, record: &RecordRef) -> Option<&Json> {
        let kept = self.snapshots.get(&snapshot_name(record));
        kept.or(self.event.after.as_ref())
            .or(self.event.before.as_ref())
    }
}

/// The name under which a snapshot is kept.
pub(super) fn snapshot_name(record: &RecordRef) -> String {
    format!("{}/{}", record.record_type, record.record)
}
