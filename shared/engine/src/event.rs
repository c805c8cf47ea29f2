//! Events: what happened, to which records, and which chain of workflows led to it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::definition::model::{ManifestId, RecordChange};
use crate::id::{EventId, RecordRef};
use crate::name::{RecordId, SourceName, TenantName, WorkflowName};
use crate::suppression::{Channel, Wish};

/// The longest chain of workflows that may lead to an event.
pub const MAX_DEPTH: usize = 10;

/// What happened, as conditions and templates read it (`event`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The identity; a repeated delivery has the same.
    pub id: EventId,
    /// `calendly.invitee.created`, `record.updated`.
    pub name: String,
    /// When it came in.
    pub at: Timestamp,
    /// The typed data that its source declares.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Json>,
    /// The record before its change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    /// The record after its change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
    /// What somebody asked for with it, about being written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The names of the changed fields, `status` among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

/// What somebody asks for about being written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// How they are written to.
    pub channel: Channel,
    /// What they ask for.
    pub wish: Wish,
}

/// The chain of workflows that led to an event; an outside event starts a new one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lineage(pub Vec<Link>);

/// One workflow of a lineage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The workflow.
    pub workflow: WorkflowName,
    /// The record that it worked on, `type/record`.
    pub record: String,
}

/// Why a chain of workflows ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Loop {
    /// The chain is longer than [`MAX_DEPTH`].
    #[error("a chain of more than {MAX_DEPTH} workflows led here")]
    TooDeep,
    /// The workflow is in its own chain, on the same record.
    #[error("workflow `{0}` led to itself on the same record")]
    Repeated(WorkflowName),
}

impl Lineage {
    /// The lineage of what this workflow causes on this record.
    #[must_use]
    pub fn followed_by(&self, workflow: &WorkflowName, record: &RecordRef) -> Self {
        let mut links = self.0.clone();
        links.push(Link::new(workflow, record));
        Self(links)
    }

    /// Whether this workflow may start here.
    ///
    /// # Errors
    /// [`Loop`] when the chain is too long or closes on itself.
    pub fn admits(&self, workflow: &WorkflowName, record: &RecordRef) -> Result<(), Loop> {
        if self.0.len() >= MAX_DEPTH {
            return Err(Loop::TooDeep);
        }
        if self.0.contains(&Link::new(workflow, record)) {
            return Err(Loop::Repeated(workflow.clone()));
        }
        Ok(())
    }
}

impl Link {
    fn new(workflow: &WorkflowName, record: &RecordRef) -> Self {
        Self {
            workflow: workflow.clone(),
            record: format!("{}/{}", record.record_type, record.record),
        }
    }
}

/// A message on the `events` queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventMessage {
    /// The tenant.
    pub tenant: TenantName,
    /// What happened.
    pub event: Event,
    /// Where it comes from.
    pub origin: Origin,
    /// What led to it.
    #[serde(default)]
    pub lineage: Lineage,
    /// The person's decision that sent it through its door again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resubmitted: Option<Resubmitted>,
}

/// A person's decision that an event is routed after all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resubmitted {
    /// When it was decided: a question that this event leaves is a new one.
    pub at: Timestamp,
    /// The records that were chosen where several match, by `as` names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, RecordId>,
}

/// The name of an event of many records.
pub const BATCH_EVENT: &str = "record.batch";

/// The data of an event of many records: their ids.
pub const BATCH_RECORDS: &str = "records";

/// Where an event comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A webhook.
    Source {
        /// The endpoint.
        source: SourceName,
        /// The version whose mappings were applied.
        manifest: ManifestId,
        /// The records that it speaks of, in the order of the source's `records`.
        records: Vec<MappedRecord>,
        /// The step reference that our own send passed to the provider.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<String>,
    },
    /// A change of a record.
    Record {
        /// The record.
        record: RecordRef,
        /// How it changed.
        on: RecordChange,
        /// Whether many were changed in one operation.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        bulk: bool,
    },
    /// Changes of many records in one operation, for a workflow that wants them together.
    Batch {
        /// Where the operation is told of.
        home: RecordRef,
        /// The workflow.
        workflow: WorkflowName,
    },
}

/// A record as an event speaks of it: normalised values that came from the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MappedRecord {
    /// The mapping's `as` name.
    #[serde(rename = "as")]
    pub name: String,
    /// Field values; an unset field is absent. References to other records are not here.
    pub values: Map<String, Json>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::RecordType;

    fn record(id: &str) -> RecordRef {
        RecordRef {
            tenant: TenantName::new("t").unwrap(),
            record_type: RecordType::new("deal").unwrap(),
            record: RecordId::new(id).unwrap(),
        }
    }

    #[test]
    fn a_workflow_may_not_lead_to_itself_on_one_record() {
        let assign = WorkflowName::new("assign").unwrap();
        let lineage = Lineage::default().followed_by(&assign, &record("1"));
        assert_eq!(
            lineage.admits(&assign, &record("1")),
            Err(Loop::Repeated(assign.clone()))
        );
        assert_eq!(lineage.admits(&assign, &record("2")), Ok(()));
    }

    #[test]
    fn a_chain_ends_at_its_greatest_depth() {
        let mut lineage = Lineage::default();
        for step in 0..MAX_DEPTH {
            let workflow = WorkflowName::new(&format!("w{step}")).unwrap();
            assert_eq!(lineage.admits(&workflow, &record("1")), Ok(()));
            lineage = lineage.followed_by(&workflow, &record("1"));
        }
        assert_eq!(
            lineage.admits(&WorkflowName::new("w").unwrap(), &record("1")),
            Err(Loop::TooDeep)
        );
    }
}
