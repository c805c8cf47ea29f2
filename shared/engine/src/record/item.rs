//! A record as it is stored, and how one begins.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::LastChange;
use crate::definition::model::RecordDefinition;
use crate::field::{self, Violation};
use crate::id::RecordRef;
use crate::name::{RecordId, RecordType, TenantName};

/// A shared business object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The type.
    #[serde(rename = "type")]
    pub record_type: RecordType,
    /// The id.
    pub id: RecordId,
    /// The state.
    pub status: String,
    /// From 1, one higher with every change, across deletion too.
    pub version: u64,
    /// Field values in their normal form; an unset field is absent.
    pub fields: Map<String, Json>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What changed it last.
    pub last_change: LastChange,
    /// A tombstone: versions go on if the record comes back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl Record {
    /// The record's reference.
    #[must_use]
    pub fn reference(&self, tenant: &TenantName) -> RecordRef {
        RecordRef {
            tenant: tenant.clone(),
            record_type: self.record_type.clone(),
            record: self.id.clone(),
        }
    }

    /// The record as expressions and templates read it: its fields, and `id`, `status`, `version`.
    #[must_use]
    pub fn snapshot(&self) -> Json {
        let mut snapshot = self.fields.clone();
        snapshot.insert("id".to_owned(), Json::String(self.id.to_string()));
        snapshot.insert("status".to_owned(), Json::String(self.status.clone()));
        snapshot.insert("version".to_owned(), Json::from(self.version));
        Json::Object(snapshot)
    }
}

/// Why values are not a record.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidRecord {
    /// Fields are missing or have wrong values.
    #[error("fields have missing or wrong values")]
    Fields(Vec<Violation>),
    /// An invariant does not hold.
    #[error("{0}")]
    Invariant(String),
}

/// Begins a record in its initial state.
///
/// # Errors
/// [`InvalidRecord`] when a required field is unset, a value is wrong, or an invariant does not
/// hold.
pub fn create(
    definition: &RecordDefinition,
    id: RecordId,
    values: &Map<String, Json>,
    by: LastChange,
    now: Timestamp,
) -> Result<Record, InvalidRecord> {
    let fields = definition
        .fields
        .iter()
        .map(|(name, field)| (name.clone(), field.field.clone()))
        .collect();
    let fields = field::accept_all(&fields, values, field::Unknown::Refused)
        .map_err(InvalidRecord::Fields)?;
    let record = Record {
        record_type: definition.name.clone(),
        id,
        status: definition.initial.clone(),
        version: 1,
        fields,
        created_at: now,
        updated_at: now,
        last_change: by,
        deleted: false,
    };
    super::change::check_invariants(definition, &record, now).map_err(InvalidRecord::Invariant)?;
    Ok(record)
}
