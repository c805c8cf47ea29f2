//! Identity: what makes two things the same thing.

mod step_key;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use step_key::{Element, StepKey};

use crate::hash;
use crate::name::{InvalidName, RecordId, RecordType, SourceName, TenantName, WorkflowName};

/// The longest event id kept as it is; a longer one is replaced by its hash.
const MAX_EVENT_ID: usize = 256;

/// The type under which events without a record are kept: `source/<name>`.
pub const SOURCE_TYPE: &str = "source";

/// The type under which imports are kept: `import/<id>`.
pub const IMPORT_TYPE: &str = "import";

/// The identity of an event: `<source>:<id>`, or `<type>/<record>@<version>` for a record event,
/// with `~<sequence>` after it where the change was made past Holdfast and raised no version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Arc<str>);

impl EventId {
    /// The id of a source's event; an overlong one becomes its SHA-256.
    #[must_use]
    pub fn of_source(source: &SourceName, id: &str) -> Self {
        if id.len() <= MAX_EVENT_ID {
            Self(format!("{source}:{id}").into())
        } else {
            Self(format!("{source}:sha256-{}", hash::hex(&[id.as_bytes()])).into())
        }
    }

    /// The id of the event that a record's change is.
    #[must_use]
    pub fn of_record(record: &RecordRef, version: u64) -> Self {
        Self(format!("{}/{}@{version}", record.record_type, record.record).into())
    }

    /// The id of the event that a change past Holdfast is: the version alone does not tell it from
    /// the change that made that version.
    #[must_use]
    pub fn of_external(record: &RecordRef, version: u64, sequence: &str) -> Self {
        Self(format!("{}~{sequence}", Self::of_record(record, version)).into())
    }

    /// The id of what a row of an import does: `import/<id>@<row>`.
    #[must_use]
    pub fn of_row(import: &RecordId, row: u64) -> Self {
        Self(format!("{IMPORT_TYPE}/{import}@{row}").into())
    }

    /// The id of what these rows of an import are to a workflow that wants them together.
    #[must_use]
    pub fn of_rows(import: &RecordId, (first, last): (u64, u64), workflow: &WorkflowName) -> Self {
        Self(format!("{IMPORT_TYPE}/{import}@{first}-{last}/{workflow}").into())
    }

    /// Reads an id that was written by [`fmt::Display`].
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record, with its tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordRef {
    /// The tenant.
    pub tenant: TenantName,
    /// The type.
    #[serde(rename = "type")]
    pub record_type: RecordType,
    /// The id.
    pub record: RecordId,
}

impl RecordRef {
    /// The home of a source's events that belong to no record.
    ///
    /// # Errors
    /// Never for a source name that was read; the names share one alphabet.
    pub fn of_source(tenant: &TenantName, source: &SourceName) -> Result<Self, InvalidName> {
        Ok(Self {
            tenant: tenant.clone(),
            record_type: RecordType::new(SOURCE_TYPE)?,
            record: RecordId::new(source.as_str())?,
        })
    }
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.record_type, self.record)
    }
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a reference: tenant/type/record/workflow/execution")]
pub struct InvalidReference(String);

impl FromStr for RecordRef {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let invalid = || InvalidReference(text.to_owned());
        let parts: Vec<&str> = text.split('/').collect();
        let [tenant, record_type, record] = parts.as_slice() else {
            return Err(invalid());
        };
        Ok(Self {
            tenant: TenantName::new(tenant).map_err(|_| invalid())?,
            record_type: RecordType::new(record_type).map_err(|_| invalid())?,
            record: RecordId::new(record).map_err(|_| invalid())?,
        })
    }
}

/// The identity of an execution within its home: 26 base32 characters of a SHA-256 over tenant,
/// workflow and event, so that one event can never start one workflow twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutionId(Arc<str>);

impl ExecutionId {
    /// The execution that this event starts of this workflow.
    #[must_use]
    pub fn of(tenant: &TenantName, workflow: &WorkflowName, event: &EventId) -> Self {
        let parts = [tenant.as_str(), workflow.as_str(), event.as_str()].map(str::as_bytes);
        Self(hash::base32(&parts).into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An execution, with the record in whose timeline it lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExecutionRef {
    /// The home record.
    pub home: RecordRef,
    /// The workflow.
    pub workflow: WorkflowName,
    /// The execution.
    pub execution: ExecutionId,
}

impl fmt::Display for ExecutionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.home, self.workflow, self.execution)
    }
}

impl FromStr for ExecutionRef {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let invalid = || InvalidReference(text.to_owned());
        let (rest, execution) = text.rsplit_once('/').ok_or_else(invalid)?;
        let (home, workflow) = rest.rsplit_once('/').ok_or_else(invalid)?;
        let is_id = execution.len() == hash::BASE32_LEN
            && execution.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_id {
            return Err(invalid());
        }
        Ok(Self {
            home: home.parse().map_err(|_| invalid())?,
            workflow: WorkflowName::new(workflow).map_err(|_| invalid())?,
            execution: ExecutionId(execution.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution(tenant: &str, workflow: &str, event: &str) -> ExecutionId {
        ExecutionId::of(
            &TenantName::new(tenant).unwrap(),
            &WorkflowName::new(workflow).unwrap(),
            &EventId::from_text(event),
        )
    }

    #[test]
    fn an_execution_id_depends_on_where_its_parts_end() {
        assert_eq!(execution("a", "bc", "d"), execution("a", "bc", "d"));
        assert_ne!(execution("ab", "c", "d"), execution("a", "bc", "d"));
        assert_eq!(execution("a", "b", "c").as_str().len(), 26);
    }

    #[test]
    fn references_are_read_back() {
        let text = format!(
            "demo/appointment/r1/booking/{}",
            execution("demo", "booking", "e")
        );
        assert_eq!(text.parse::<ExecutionRef>().unwrap().to_string(), text);
        for wrong in [
            "",
            "demo/appointment/r1/booking",
            "a/b/c/d/e",
            "demo/a#b/r/w/00000000000000000000000000",
        ] {
            assert!(wrong.parse::<ExecutionRef>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_overlong_event_id_becomes_a_hash() {
        let source = SourceName::new("s").unwrap();
        assert_eq!(EventId::of_source(&source, "x").as_str(), "s:x");
        assert!(EventId::of_source(&source, &"x".repeat(300)).as_str().len() < 100);
    }
}
