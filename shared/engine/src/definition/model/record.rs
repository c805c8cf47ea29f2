//! Record types: fields, states, who may move a record between them, what must always hold.

use std::collections::BTreeMap;

use crate::duplicate::Duplicates;
use crate::expr::{Expression, Type};
use crate::field::Field;
use crate::name::{RecordType, WorkflowName};

/// A record type.
#[derive(Debug)]
pub struct RecordDefinition {
    /// The type's name.
    pub name: RecordType,
    /// The fields of the natural key, in order.
    pub key: Vec<String>,
    /// Fields that find records too, but not uniquely.
    pub also: Vec<String>,
    /// How its probable duplicates are found; `None`: nobody looks for them.
    pub duplicates: Option<Duplicates>,
    /// Every field.
    pub fields: BTreeMap<String, RecordField>,
    /// Every state.
    pub states: Vec<String>,
    /// The state of a new record.
    pub initial: String,
    /// The moves that are allowed.
    pub transitions: Vec<Transition>,
    /// What must hold after every write.
    pub invariants: Vec<Invariant>,
    /// The type of a snapshot: the fields, and `id`, `status`, `version`.
    pub snapshot: Type,
}

/// A field of a record.
#[derive(Debug, Clone)]
pub struct RecordField {
    /// Type and constraints.
    pub field: Field,
    /// What happens when the record changed under a writer.
    pub conflict: Conflict,
}

/// What a writer does when the record has changed since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conflict {
    /// Evaluates `if` and `guard` again on the new version.
    #[default]
    Recheck,
    /// The later write wins on this field.
    Last,
}

/// An allowed move between states.
#[derive(Debug, Clone)]
pub struct Transition {
    /// The states that it leaves.
    pub from: Vec<String>,
    /// The state that it reaches.
    pub to: String,
    /// Who may make it.
    pub by: Vec<Actor>,
}

/// Who makes a transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The workflow of this name.
    Workflow(WorkflowName),
    /// A person.
    Person,
    /// Anyone.
    Anyone,
}

/// A rule over `record` that holds after every write.
#[derive(Debug, Clone)]
pub struct Invariant {
    /// The rule; its root is `record`, the new snapshot.
    pub rule: Expression,
    /// What a person reads when it does not hold.
    pub message: String,
}
