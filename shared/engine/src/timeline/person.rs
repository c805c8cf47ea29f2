//! What people decided, as lines.

use serde::Serialize;

use super::draft::{Drafts, rank};
use super::line::What;
use super::step::step_anchor;
use crate::id::{EventId, RecordRef};
use crate::key;
use crate::name::{SourceName, TenantName};
use crate::operate::{DECISION_PREFIX, DecisionEntry, Deed};
use crate::operation::ErrorRecord;
use crate::port::{Journal, PortError, Row, Table};

/// More decisions about one event than anybody makes.
const MANY: usize = 100;

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonPart {
    /// What.
    pub what: Deed,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The error record or review item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The event, of input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The record that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The step; of an execution that runs anew, the one that it begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The generation that begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
}

impl Drafts {
    /// A person's decision; what it had tried again or declared done comes after it.
    pub(super) fn person(&mut self, sort: &str, entry: &DecisionEntry) {
        let anchor = format!("person {sort}");
        let execution = entry.execution.as_ref();
        let new = entry.rerun.as_ref();
        let part = PersonPart {
            what: entry.what,
            by: entry.by.clone(),
            reason: entry.reason.clone(),
            operation: entry.operation.clone(),
            event: entry.event.as_ref().map(ToString::to_string),
            record: entry.record.as_ref().map(ToString::to_string),
            execution: execution.map(ToString::to_string),
            step: match (&entry.step, new) {
                (Some(step), _) => Some(step.to_string()),
                (None, new) => new.map(|new| new.from.to_string()),
            },
            generation: new.map(|new| new.generation),
        };
        self.push(rank::DECISION, anchor.clone(), entry.at, What::Person(part));
        let goes_on = matches!(entry.what, Deed::Retry | Deed::Redrive | Deed::Done);
        if let (true, Some(execution), Some(step)) = (goes_on, execution, &entry.step) {
            let generation = entry.generation.unwrap_or(1);
            let step = step_anchor(execution.execution.as_str(), generation, step);
            self.link(&anchor, step);
        }
        if let (Some(execution), Some(new)) = (execution, new) {
            let id = execution.execution.as_str();
            self.dispatch(&anchor, id, new.generation, &new.dispatch);
        }
    }
}

/// The decisions about an event before it was routed: they lie with its source.
pub(super) async fn decisions_about<J: Journal>(
    journal: &J,
    tenant: &TenantName,
    event: &EventId,
) -> Result<Vec<Row>, PortError> {
    let source = event.as_str().split_once(':');
    let source = source.and_then(|(source, _)| SourceName::new(source).ok());
    let Some(home) = source.and_then(|source| RecordRef::of_source(tenant, &source).ok()) else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for function in ["receive-webhook", "route-event"] {
        let id = ErrorRecord::id_of(event.as_str(), function);
        let (partition, prefix) = (key::home(&home), format!("{DECISION_PREFIX}{id}#"));
        let page = journal.query(Table::Journal, &partition, &prefix, None, MANY);
        rows.extend(page.await?.rows);
    }
    Ok(rows)
}
