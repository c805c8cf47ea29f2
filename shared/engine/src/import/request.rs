//! What is imported, and what came of it, as it goes over the control socket.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::field::Violation;
use crate::hash;
use crate::id::{EventId, IMPORT_TYPE, RecordRef};
use crate::name::{InvalidName, PackName, RecordId, RecordType, TenantName};

/// An operation on more records than this is a bulk operation.
pub const BULK_OVER: u64 = 100;

/// The most rows of a batch.
pub const MAX_ROWS: usize = 500;

/// The longest row, in bytes as JSON: its old and new values fit into one item beside each other.
pub(super) const MAX_ROW: usize = 64 * 1024;

/// An import: a file whose rows become records of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Whose records.
    pub tenant: TenantName,
    /// The pack that has the type.
    pub pack: PackName,
    /// The type.
    #[serde(rename = "type")]
    pub record_type: RecordType,
    /// The identity: the same file, read in the same way, is the same import.
    pub id: RecordId,
    /// The file's name, for people.
    pub file: String,
    /// Who imports.
    pub by: String,
    /// The rows of the whole file.
    pub rows: u64,
    /// The fields that its columns fill.
    #[serde(default)]
    pub fields: BTreeSet<String>,
}

impl Import {
    /// The identity of a file's import: by what the file holds and how it is read. It shows
    /// nothing of the file, and differs from place to place.
    ///
    /// # Errors
    /// Never: a hash is a name.
    pub fn identity(identity_key: &[u8; 32], parts: &[&[u8]]) -> Result<RecordId, InvalidName> {
        let all: Vec<&[u8]> = std::iter::once(&b"import"[..])
            .chain(parts.iter().copied())
            .collect();
        RecordId::new(&hash::keyed(identity_key, &all))
    }

    /// Whether so many records are changed that no workflow is started for each of them, unless it
    /// asks for that.
    #[must_use]
    pub fn is_bulk(&self) -> bool {
        self.rows > BULK_OVER
    }

    /// Where the import itself is told of.
    ///
    /// # Errors
    /// Never: the type is a name.
    pub fn home(&self) -> Result<RecordRef, InvalidName> {
        Ok(RecordRef {
            tenant: self.tenant.clone(),
            record_type: RecordType::new(IMPORT_TYPE)?,
            record: self.id.clone(),
        })
    }

    /// What a row does, as an event.
    #[must_use]
    pub fn event(&self, row: u64) -> EventId {
        EventId::of_row(&self.id, row)
    }
}

/// A part of an import. The same import always has the same parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Of what.
    pub import: Import,
    /// How many rows before these were not applied.
    pub mistakes: u64,
    /// The rows, in the order of the file; at most [`MAX_ROWS`].
    pub rows: Vec<Row>,
}

/// A row of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// From 1; a header is not counted.
    pub number: u64,
    /// What it says.
    pub content: Content,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// Values of fields, as they were written; what is absent or null is left as it is.
    Values(Map<String, Json>),
    /// Nothing that can be read.
    Unreadable(Vec<Violation>),
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A new record.
    Created,
    /// New values of a record.
    Updated,
    /// The record says the same already.
    Unchanged,
    /// Values are missing or wrong: a person mends the row.
    Review,
    /// The values are right, and a rule of the record forbids the change.
    Refused,
}

impl Verdict {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Review => "review",
            Self::Refused => "refused",
        }
    }

    /// Whether the row was not applied.
    #[must_use]
    pub fn is_mistake(self) -> bool {
        matches!(self, Self::Review | Self::Refused)
    }
}

/// What became of a row, with what it needs to be mended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The row.
    pub row: u64,
    /// What became of it.
    pub verdict: Verdict,
    /// The record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// What is wrong with its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Violation>,
    /// The rule that forbids it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(rows: u64) -> Import {
        Import {
            tenant: "demo".parse().unwrap(),
            pack: "shop".parse().unwrap(),
            record_type: "customer".parse().unwrap(),
            id: Import::identity(&[7; 32], &[b"a file"]).unwrap(),
            file: "customers.csv".to_owned(),
            by: "ann".to_owned(),
            rows,
            fields: BTreeSet::new(),
        }
    }

    #[test]
    fn a_hundred_records_are_no_bulk_operation_and_one_more_is() {
        assert!(!import(100).is_bulk());
        assert!(import(101).is_bulk());
    }

    #[test]
    fn an_import_is_known_by_its_file_and_its_place() {
        let id = |key, part: &[u8]| Import::identity(&[key; 32], &[part]).unwrap();
        assert_eq!(id(7, b"a"), id(7, b"a"));
        assert_ne!(id(7, b"a"), id(7, b"b"));
        assert_ne!(id(7, b"a"), id(8, b"a"));
    }
}
