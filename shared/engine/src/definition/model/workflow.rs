//! Workflows: what starts them, under which conditions, and their steps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{ExpectedOutcome, MappedField, ValueExpression};
use crate::expr::Expression;
use crate::expr::duration::Span;
use crate::hours::Hours;
use crate::name::{ConnectionName, FunctionName, RecordType, StepId, WorkflowName};
use crate::rate::Rate;
use crate::retry::Ladder;

/// A workflow: one state transition and what belongs to it.
#[derive(Debug)]
pub struct Workflow {
    /// The name.
    pub name: WorkflowName,
    /// What it does, as one sentence.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// How urgent its failures are.
    pub severity: Severity,
    /// What starts it; any one does.
    pub triggers: Vec<Trigger>,
    /// Named values, evaluated once at the start, in order.
    pub lets: Vec<(String, Expression)>,
    /// Conditions, all of which must hold at the start; cheapest first.
    pub when: Vec<Expression>,
    /// What must hold before each step; false stops the execution.
    pub while_: Option<Expression>,
    /// What starts it where many records change in one operation.
    pub bulk: Bulk,
    /// How long after its start an execution must be at its end.
    pub deadline: Option<Span>,
    /// The steps, in order.
    pub steps: Vec<StepDefinition>,
    /// The business result that must follow.
    pub outcome: Option<ExpectedOutcome>,
}

/// What starts a workflow with a record trigger where many records change in one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bulk {
    /// Each of them, as ever.
    Each,
    /// Each part of the operation, once for all records of it that the trigger wants.
    Batch,
    /// Nothing.
    #[default]
    Skip,
}

/// How urgent a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Payment flows, patient data, client-facing communication: chat and SMS.
    P1,
    /// Chat only.
    P2,
    /// Recoverable: log only.
    P3,
}

/// What starts a workflow.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// A source's event of this name.
    Event {
        /// The event's full name.
        name: String,
        /// The type of the execution's record; `None`: the source's owning record.
        of: Option<RecordType>,
    },
    /// A change of a record.
    Record(RecordTrigger),
}

/// A change of a record that starts a workflow.
#[derive(Debug, Clone)]
pub struct RecordTrigger {
    /// The record type.
    pub record: RecordType,
    /// Created, updated or deleted.
    pub on: RecordChange,
    /// The field that must have changed (`status` is one); with `from` and `to` its values.
    pub field: Option<String>,
    /// The value before.
    pub from: Option<Json>,
    /// The value after.
    pub to: Option<Json>,
    /// Any of these fields must have changed; empty: any change.
    pub changed: Vec<String>,
}

/// How a record changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordChange {
    /// It is new.
    Created,
    /// A field or its status changed.
    Updated,
    /// It was deleted.
    Deleted,
}

/// A step of a workflow.
#[derive(Debug)]
pub struct StepDefinition {
    /// The id; a fallback has its primary's.
    pub id: StepId,
    /// The function that performs it.
    pub uses: FunctionName,
    /// The connection that it uses.
    pub via: Option<ConnectionName>,
    /// What it does.
    pub action: Action,
    /// When false, the step is skipped.
    pub condition: Option<Expression>,
    /// The list for whose elements it is performed.
    pub each: Option<Expression>,
    /// The key under which the effect happens once, in the whole tenant.
    pub once: Option<Once>,
    /// Whether the execution goes on without waiting for it.
    pub asynchronous: bool,
    /// Time for one attempt; `None`: the connection's, else the function's.
    pub timeout: Option<Duration>,
    /// How often it is performed at most, in a tenant.
    pub rate: Option<Rate>,
    /// When it may be performed.
    pub hours: Option<Arc<Hours>>,
    /// From when on it is too late to perform it.
    pub expires: Option<ValueExpression>,
    /// How it collects the inputs of many executions for one call.
    pub batch: Option<Batch>,
    /// How it reads what its receiver gives page by page.
    pub pages: Option<Pages>,
    /// What the step's result is, read from its response.
    pub returns: Option<BTreeMap<String, MappedField>>,
    /// When to try again; `None`: the connection's, else `standard`.
    pub retry: Option<Ladder>,
    /// What to do instead after a definite failure, in order.
    pub fallback: Vec<StepDefinition>,
    /// What undoes it when a later step fails for good.
    pub compensate: Option<Box<StepDefinition>>,
    /// What to do when the effect may have happened.
    pub unknown: Unknown,
    /// What to do when a transition or guard is refused.
    pub refused: Refused,
}

/// How a step collects the inputs of many executions for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How long inputs are collected.
    pub window: Duration,
    /// How many inputs one call has at most.
    pub max: usize,
}

/// How a step reads what its receiver gives page by page.
#[derive(Debug)]
pub struct Pages {
    /// Where the next page lies; unset: there is none.
    pub next: Expression,
    /// What a page has.
    pub items: Expression,
    /// The member of the response that has the items of all pages.
    pub into: String,
    /// How many pages there are at most.
    pub max: u32,
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// Calls a function with an input that is rendered by the dispatcher.
    Call {
        /// The input's members.
        with: Vec<(String, ValueExpression)>,
    },
    /// Changes a record; its expressions are evaluated inside the commit.
    UpdateRecord(UpdateRecord),
}

/// A change of a record.
#[derive(Debug)]
pub struct UpdateRecord {
    /// Which record.
    pub target: Target,
    /// The new status.
    pub status: Option<ValueExpression>,
    /// New values of fields; an unset value clears the field.
    pub set: Vec<(String, ValueExpression)>,
    /// What must hold on the version being replaced; roots `record` and `target`.
    pub guard: Option<Expression>,
    /// Whether the record is deleted.
    pub delete: bool,
}

/// The record that a step changes.
#[derive(Debug)]
pub enum Target {
    /// The execution's own record.
    Home,
    /// The record that a reference names.
    Reference {
        /// Its type.
        record: RecordType,
        /// The reference.
        reference: Expression,
    },
    /// The record with this natural key.
    Key {
        /// Its type.
        record: RecordType,
        /// The values of the key's fields, in order.
        key: Vec<ValueExpression>,
        /// Whether it is created when it is not found.
        create: bool,
    },
}

/// A key under which an effect happens once.
#[derive(Debug, Clone)]
pub struct Once {
    /// The key.
    pub key: Expression,
    /// How long it holds; `None`: for good.
    pub duration: Option<Duration>,
}

/// What to do when an effect may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// A person decides.
    #[default]
    Review,
    /// Tries again: the author accepts a second effect.
    Retry,
    /// Goes to the fallback: the author accepts both effects.
    Fallback,
}

/// What to do when a transition or guard is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Refused {
    /// The step fails.
    #[default]
    Fail,
    /// The execution goes on.
    Continue,
    /// The execution ends.
    Stop,
}
