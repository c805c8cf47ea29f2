//! The one rule by which a record changes: state machine, field types, invariants.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Author, LastChange, Record};
use crate::definition::model::{Actor, RecordDefinition, Transition};
use crate::expr::Scope;
use crate::field::{self, Violation};

/// What a writer wants of a record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Proposal {
    /// The new status; `None` leaves it.
    pub status: Option<String>,
    /// New field values; null clears a field.
    pub set: Map<String, Json>,
    /// Whether the record is deleted.
    pub delete: bool,
}

/// One field's change; `status` is one. Null is unset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// The value before.
    pub old: Json,
    /// The value after.
    pub new: Json,
}

/// A record after a change, with what changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The record, one version higher.
    pub record: Record,
    /// What changed, in the order of names.
    pub changes: Vec<FieldChange>,
}

/// Why a record does not change.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// No transition leads there for this writer: business, not an error.
    #[error("no transition from `{from}` to `{to}` by {by}")]
    Transition {
        /// The record's status.
        from: String,
        /// The status that was wanted.
        to: String,
        /// Who wanted it.
        by: String,
    },
    /// An invariant would not hold: business, not an error.
    #[error("{0}")]
    Invariant(String),
    /// The guard does not hold on this version: business, not an error.
    #[error("the guard `{0}` does not hold")]
    Guard(String),
    /// The values are not what the fields hold: a mistake.
    #[error("fields have missing or wrong values")]
    Fields(Vec<Violation>),
    /// The record was deleted.
    #[error("the record was deleted")]
    Deleted,
}

impl Refusal {
    /// Whether the refusal is a result that the definition handles (`refused:`), not a mistake.
    #[must_use]
    pub fn is_business(&self) -> bool {
        !matches!(self, Self::Fields(_))
    }
}

/// Applies a proposal; `None`: nothing would change, so nothing is written.
///
/// # Errors
/// [`Refusal`] when the record does not change.
pub fn change(
    definition: &RecordDefinition,
    current: &Record,
    proposal: &Proposal,
    by: LastChange,
    now: Timestamp,
) -> Result<Option<Changed>, Refusal> {
    if current.deleted {
        return Err(Refusal::Deleted);
    }
    let mut next = current.clone();
    next.fields = merged(definition, current, &proposal.set)?;
    if let Some(status) = &proposal.status {
        check_transition(definition, &current.status, status, &by.by)?;
        next.status.clone_from(status);
    }
    next.deleted = proposal.delete;
    let changes = differences(current, &next);
    if changes.is_empty() && !proposal.delete {
        return Ok(None);
    }
    check_invariants(definition, &next, now).map_err(Refusal::Invariant)?;
    next.version = current.version.saturating_add(1);
    next.updated_at = now;
    next.last_change = by;
    Ok(Some(Changed {
        record: next,
        changes,
    }))
}

/// The current fields with the new values, each verified; what a writer leaves alone is as it was.
fn merged(
    definition: &RecordDefinition,
    current: &Record,
    set: &Map<String, Json>,
) -> Result<Map<String, Json>, Refusal> {
    let mut fields = current.fields.clone();
    let mut violations = Vec::new();
    for (name, value) in set {
        let known = definition
            .fields
            .get(name)
            .map(|field| (name.clone(), field.field.clone()));
        let one = std::iter::once((name.clone(), value.clone())).collect();
        match field::accept_all(&known.into_iter().collect(), &one, field::Unknown::Refused) {
            Ok(mut accepted) => match accepted.shift_remove(name) {
                Some(value) if !value.is_null() => drop(fields.insert(name.clone(), value)),
                _ => drop(fields.shift_remove(name)),
            },
            Err(wrong) => violations.extend(wrong),
        }
    }
    if violations.is_empty() {
        Ok(fields)
    } else {
        Err(Refusal::Fields(violations))
    }
}

fn check_transition(
    definition: &RecordDefinition,
    from: &str,
    to: &str,
    by: &Author,
) -> Result<(), Refusal> {
    let allowed = |transition: &Transition| {
        transition.to == to
            && transition.from.iter().any(|state| state == from)
            && transition.by.iter().any(|actor| actor.admits(by))
    };
    if from == to || definition.transitions.iter().any(allowed) {
        return Ok(());
    }
    Err(Refusal::Transition {
        from: from.to_owned(),
        to: to.to_owned(),
        by: by.to_string(),
    })
}

impl Actor {
    fn admits(&self, author: &Author) -> bool {
        match (self, author) {
            (Self::Anyone, _) | (Self::Person, Author::Person(_)) => true,
            (Self::Workflow(allowed), Author::Workflow(workflow)) => allowed == workflow,
            _ => false,
        }
    }
}

/// Checks every invariant; the error is the message of the first that does not hold. A rule that
/// has no value, because a field is unset, does not hold.
pub(super) fn check_invariants(
    definition: &RecordDefinition,
    record: &Record,
    now: Timestamp,
) -> Result<(), String> {
    if definition.invariants.is_empty() || record.deleted {
        return Ok(());
    }
    let snapshot = record.snapshot();
    let (roots, refs) = ([("record", &snapshot)], BTreeMap::new());
    let scope = Scope {
        roots: &roots,
        refs: &refs,
        now,
        tz: &TimeZone::UTC,
    };
    for invariant in &definition.invariants {
        match invariant.rule.condition(&scope) {
            Ok(true) => {}
            Ok(false) => return Err(invariant.message.clone()),
            Err(reason) => return Err(format!("{} ({reason})", invariant.message)),
        }
    }
    Ok(())
}

/// What differs between two versions of a record: fields, and `status`.
#[must_use]
pub fn differences(before: &Record, after: &Record) -> Vec<FieldChange> {
    let mut names: Vec<&String> = before.fields.keys().chain(after.fields.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value =
        |record: &Record, name: &str| record.fields.get(name).cloned().unwrap_or(Json::Null);
    let fields = names.into_iter().map(|name| FieldChange {
        field: name.clone(),
        old: value(before, name),
        new: value(after, name),
    });
    let status = FieldChange {
        field: "status".to_owned(),
        old: Json::String(before.status.clone()),
        new: Json::String(after.status.clone()),
    };
    fields
        .chain([status])
        .filter(|change| change.old != change.new)
        .collect()
}
