//! What is journaled of a person's decision: it is kept as long as any change is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::definition::model::ManifestId;
use crate::entry::Dispatch;
use crate::envelope::Envelope;
use crate::event::{EventMessage, Origin};
use crate::id::{EventId, ExecutionRef, RecordRef, StepKey};
use crate::key;
use crate::name::{InvalidName, RecordId, SourceName, StepId, TenantName};
use crate::operation::{Choice, Mark, Operation, ReviewKind};
use crate::port::{Key, Table};

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Sent the input through its door again.
    Approve,
    /// Corrected the input and sent it through its door again.
    Edit,
    /// Refused it.
    Reject,
    /// Had the step tried again.
    Retry,
    /// Said that it was done.
    Done,
    /// Closed it.
    Resolve,
    /// Sent what failed again.
    Redrive,
    /// Ran the execution anew.
    Rerun,
    /// Put an address on the list of who is not written to.
    Suppress,
    /// Took one off it.
    Unsuppress,
}

impl From<Choice> for Deed {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Approve => Self::Approve,
            Choice::Edit => Self::Edit,
            Choice::Reject => Self::Reject,
            Choice::Retry => Self::Retry,
            Choice::Done => Self::Done,
            Choice::Resolve => Self::Resolve,
        }
    }
}

/// A person's decision, in the partition of the record that it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionEntry {
    /// What.
    pub what: Deed,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The operation that was decided on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ReviewKind>,
    /// The stable name of what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The event, of input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// The record that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// The execution, of a step's operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionRef>,
    /// The step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepKey>,
    /// The generation of that step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// The new generation, of an execution that runs anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun: Option<NewGeneration>,
}

impl DecisionEntry {
    /// A decision that says nothing but who, when and why.
    pub(super) fn of(what: Deed, mark: &Mark) -> Self {
        Self {
            what,
            by: mark.by.clone(),
            at: mark.at,
            reason: mark.reason.clone(),
            operation: None,
            kind: None,
            code: None,
            event: None,
            record: None,
            execution: None,
            step: None,
            generation: None,
            rerun: None,
        }
    }
}

/// A generation that a person started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewGeneration {
    /// Its number.
    pub generation: u32,
    /// The step that it begins with.
    pub from: StepId,
    /// Its version.
    pub manifest: ManifestId,
    /// What it was sent, and what that read.
    pub dispatch: Dispatch,
    /// Whether that is known to be sent.
    #[serde(default)]
    pub sent: bool,
}

/// The start of the sort keys of decisions.
pub const DECISION_PREFIX: &str = "decision#";

/// Stands for the source of what no function's message is about, as a breaker that opened.
const NO_SOURCE: &str = "operations";

/// The key of a decision about an operation; its revision tells several over time apart.
pub(super) fn decision_key(home: &RecordRef, operation: &str, revision: u64) -> Key {
    Key {
        table: Table::Journal,
        partition: key::home(home),
        sort: format!("{DECISION_PREFIX}{operation}#{revision:010}"),
    }
}

/// The key of the decision that started a generation.
pub(crate) fn rerun_key(execution: &ExecutionRef, generation: u32) -> Key {
    Key {
        table: Table::Journal,
        partition: key::home(&execution.home),
        sort: format!("{DECISION_PREFIX}{}#{generation:010}", execution.execution),
    }
}

/// The record in whose partition a decision about an operation lies: the execution's home; of an
/// event's the record that it is of, or its source; else the function stands for a source.
pub(super) fn home_of(operation: &Operation) -> Result<RecordRef, InvalidName> {
    if let Some(execution) = operation.execution() {
        return Ok(execution.home.clone());
    }
    if let Ok(message) = serde_json::from_str::<EventMessage>(operation.subject()) {
        return match message.origin {
            Origin::Record { record: home, .. } | Origin::Batch { home, .. } => Ok(home),
            Origin::Source { source, .. } => RecordRef::of_source(&message.tenant, &source),
        };
    }
    let event = event_of(operation);
    let source = event.as_ref().and_then(source_of);
    let nobody = TenantName::new("-")?;
    let source = match source {
        Some(source) => source,
        None => SourceName::new(operation.function()).or_else(|_| SourceName::new(NO_SOURCE))?,
    };
    RecordRef::of_source(operation.tenant().unwrap_or(&nobody), &source)
}

/// The source of an event, by its id.
pub(super) fn source_of(event: &EventId) -> Option<SourceName> {
    let (source, _) = event.as_str().split_once(':')?;
    SourceName::new(source).ok()
}

/// The generation of the step that an operation is about.
pub(super) fn generation_of(operation: &Operation) -> Option<u32> {
    operation.step()?;
    let envelope: Envelope = serde_json::from_str(operation.subject()).ok()?;
    Some(envelope.generation)
}

/// The event that an operation of input is about.
pub(super) fn event_of(operation: &Operation) -> Option<EventId> {
    if let Operation::Review(item) = operation
        && let Some(event) = item.report.get("event").and_then(|event| event.as_str())
    {
        return Some(EventId::from_text(event));
    }
    let message: EventMessage = serde_json::from_str(operation.subject()).ok()?;
    Some(message.event.id)
}
