//! What a row comes to, by what is there.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::look::Look;
use super::request::MAX_ROW;
use super::{Content, Import, Outcome, Row, RowLine, Verdict};
use crate::definition::model::{Pack, RecordDefinition};
use crate::event::Lineage;
use crate::field::{self, Rule, Unknown, Violation};
use crate::key;
use crate::port::{Expect, PortError, Write};
use crate::record::{
    Author, Changed, FieldChange, InvalidRecord, LastChange, Proposal, Record, Refusal, change,
    create, key_writes,
};

/// The rules of an import.
#[derive(Debug, Clone)]
pub(super) struct Rules<'a> {
    pub(super) import: &'a Import,
    pub(super) pack: Arc<Pack>,
    pub(super) definition: Arc<RecordDefinition>,
    pub(super) identity_key: [u8; 32],
    pub(super) now: Timestamp,
}

/// What a row comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decided {
    pub(super) outcome: Outcome,
    /// What it did to its record; `None`: it was not applied.
    pub(super) line: Option<RowLine>,
    /// The record after it, where that is new.
    pub(super) after: Option<Record>,
    /// What has to be written; nothing where it was, or where it is a mistake.
    pub(super) writes: Vec<Write>,
}

impl Rules<'_> {
    /// A row that leads to no record.
    pub(super) fn without_key(&self, row: &Row) -> Decided {
        let mut wrong = match &row.content {
            Content::Unreadable(wrong) => wrong.clone(),
            Content::Values(values) => self.wrong(&given(values)),
        };
        if let Content::Values(values) = &row.content {
            wrong.extend(self.key_unset(values, &wrong));
        }
        mistake(row, Verdict::Review, wrong, None)
    }

    /// A row, by what is there.
    pub(super) fn decide(&self, row: &Row, look: &Look) -> Result<Decided, PortError> {
        if let Some(line) = &look.line {
            return Ok(known(row, look, line));
        }
        let Content::Values(values) = &row.content else {
            return Ok(self.without_key(row));
        };
        let values = given(values);
        if let Some(long) = too_long(&values) {
            return Ok(mistake(row, Verdict::Review, vec![long], None));
        }
        match &look.found {
            Some((record, revision)) => self.update(row, look, (record, *revision), values),
            None => self.create(row, look, &values),
        }
    }

    fn create(
        &self,
        row: &Row,
        look: &Look,
        values: &Map<String, Json>,
    ) -> Result<Decided, PortError> {
        let id = look.reference.record.clone();
        let record = match create(&self.definition, id, values, self.by(row), self.now) {
            Ok(record) => record,
            Err(InvalidRecord::Fields(wrong)) => {
                return Ok(mistake(row, Verdict::Review, wrong, None));
            }
            Err(InvalidRecord::Invariant(rule)) => {
                return Ok(mistake(row, Verdict::Refused, Vec::new(), Some(rule)));
            }
        };
        let line = RowLine {
            fields: Some(record.fields.clone()),
            version: Some(record.version),
            ..self.line(row)
        };
        self.applied((row, look), &line, None, Some((record, Expect::Absent)))
    }

    fn update(
        &self,
        row: &Row,
        look: &Look,
        (current, revision): (&Record, u64),
        values: Map<String, Json>,
    ) -> Result<Decided, PortError> {
        let proposal = Proposal {
            set: values,
            ..Proposal::default()
        };
        let changed = change(&self.definition, current, &proposal, self.by(row), self.now);
        match changed {
            Err(Refusal::Fields(wrong)) => Ok(mistake(row, Verdict::Review, wrong, None)),
            Err(business) => {
                let reason = Some(business.to_string());
                Ok(mistake(row, Verdict::Refused, Vec::new(), reason))
            }
            Ok(None) => self.applied((row, look), &self.line(row), Some(current), None),
            Ok(Some(Changed { record, changes })) => {
                let line = self.changed(row, record.version, changes);
                let after = (record, Expect::Revision(revision));
                self.applied((row, look), &line, Some(current), Some(after))
            }
        }
    }

    /// A row that is applied: the record with its keys, where it is new, and the row's line.
    fn applied(
        &self,
        (row, look): (&Row, &Look),
        line: &RowLine,
        before: Option<&Record>,
        after: Option<(Record, Expect)>,
    ) -> Result<Decided, PortError> {
        let mut writes = Vec::new();
        if let Some((record, expect)) = &after {
            writes.push(Write::put(key::record(&look.reference), *expect, record)?);
            let (key, tenant) = (&self.identity_key, &self.import.tenant);
            writes.extend(key_writes(key, tenant, &self.definition, before, record));
        }
        let place = key::row(&look.reference, &line.event);
        writes.push(Write::put(place, Expect::Absent, line)?);
        Ok(Decided {
            writes,
            after: after.map(|(record, _)| record),
            ..known(row, look, line)
        })
    }

    fn changed(&self, row: &Row, version: u64, changes: Vec<FieldChange>) -> RowLine {
        RowLine {
            version: Some(version),
            changes,
            ..self.line(row)
        }
    }

    /// The line of a row that changes nothing.
    fn line(&self, row: &Row) -> RowLine {
        RowLine {
            event: self.import.event(row.number),
            by: Author::Person(self.import.by.clone()),
            at: self.now,
            version: None,
            fields: None,
            changes: Vec::new(),
        }
    }

    fn by(&self, row: &Row) -> LastChange {
        LastChange {
            by: Author::Person(self.import.by.clone()),
            event: self.import.event(row.number),
            step: None,
            version: Some(self.pack.manifest.to_string()),
            lineage: Lineage::default(),
            bulk: self.import.is_bulk(),
        }
    }

    /// Everything that keeps values from being a record.
    fn wrong(&self, values: &Map<String, Json>) -> Vec<Violation> {
        let named = |(name, field): (&String, &crate::definition::model::RecordField)| {
            (name.clone(), field.field.clone())
        };
        let fields = self.definition.fields.iter().map(named).collect();
        field::accept_all(&fields, values, Unknown::Refused)
            .err()
            .unwrap_or_default()
    }

    /// The fields of the key that are unset, beside what is known to be wrong.
    fn key_unset(&self, values: &Map<String, Json>, known: &[Violation]) -> Vec<Violation> {
        let unset = |name: &&String| {
            values.get(*name).is_none_or(Json::is_null)
                && !known.iter().any(|violation| violation.path == **name)
        };
        let violation = |name: &String| Violation {
            path: name.clone(),
            rule: Rule::Required,
            expected: "a value, by which the record is known".to_owned(),
            actual: "null".to_owned(),
            hint: None,
        };
        self.definition
            .key
            .iter()
            .filter(unset)
            .map(violation)
            .collect()
    }
}

/// A row that was applied, by its line.
fn known(row: &Row, look: &Look, line: &RowLine) -> Decided {
    Decided {
        outcome: Outcome {
            row: row.number,
            verdict: line.verdict(),
            record: Some(look.reference.record.clone()),
            fields: Vec::new(),
            reason: None,
        },
        line: Some(line.clone()),
        after: None,
        writes: Vec::new(),
    }
}

fn mistake(row: &Row, verdict: Verdict, fields: Vec<Violation>, reason: Option<String>) -> Decided {
    Decided {
        outcome: Outcome {
            row: row.number,
            verdict,
            record: None,
            fields,
            reason,
        },
        line: None,
        after: None,
        writes: Vec::new(),
    }
}

/// What a row says; null says nothing.
fn given(values: &Map<String, Json>) -> Map<String, Json> {
    let set = values.iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn too_long(values: &Map<String, Json>) -> Option<Violation> {
    let length = |value: &Json| match value {
        Json::String(text) => text.len(),
        other => other.to_string().len(),
    };
    let lengths = values
        .iter()
        .map(|(name, value)| name.len() + length(value));
    (lengths.sum::<usize>() > MAX_ROW).then(|| Violation {
        path: String::new(),
        rule: Rule::Max,
        expected: format!("at most {} KiB in a row", MAX_ROW / 1024),
        actual: "***".to_owned(),
        hint: None,
    })
}
