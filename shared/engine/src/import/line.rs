//! The line that a row leaves in its record's journal, as timelines read it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Verdict;
use crate::id::EventId;
use crate::record::{Author, FieldChange};

/// What a row did to its record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowLine {
    /// The row, as an event.
    pub event: EventId,
    /// Who imported it.
    pub by: Author,
    /// When.
    pub at: Timestamp,
    /// The version that it made; absent where it changed nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The first values, of a new record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Map<String, Json>>,
    /// What changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

impl RowLine {
    /// What became of the row.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (&self.fields, self.version) {
            (Some(_), _) => Verdict::Created,
            (None, Some(_)) => Verdict::Updated,
            (None, None) => Verdict::Unchanged,
        }
    }
}
