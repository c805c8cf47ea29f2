//! What is counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::RecordType;

/// What came of the events of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Events that passed.
    #[serde(default)]
    pub passed: u64,
    /// Events whose data a person must look at.
    #[serde(default)]
    pub review: u64,
    /// Requests, or elements of a batch, that the source does not accept.
    #[serde(default)]
    pub ignored: u64,
    /// What was seen of each field: `data.<field>` and `<as>.<field>`.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldCounts>,
    /// The records that they created, by type.
    #[serde(default)]
    pub records: BTreeMap<RecordType, RecordCounts>,
}

/// What was seen of a field. Of an event that did not pass, only what is wrong with it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCounts {
    /// It had a value that passed.
    #[serde(default)]
    pub set: u64,
    /// It had none.
    #[serde(default)]
    pub unset: u64,
    /// It had one that did not pass.
    #[serde(default)]
    pub wrong: u64,
}

/// What became of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCounts {
    /// They were created.
    #[serde(default)]
    pub created: u64,
    /// A person was asked whether they are duplicates.
    #[serde(default)]
    pub duplicates: u64,
}

impl Counts {
    /// How many events there were.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.passed.saturating_add(self.review)
    }

    /// The share of events that passed, from 0 to 1; `None`: there was none.
    #[must_use]
    pub fn passing(&self) -> Option<f64> {
        share(self.passed, self.events())
    }

    /// Adds other counts.
    pub fn add(&mut self, other: &Self) {
        more(&mut self.passed, other.passed);
        more(&mut self.review, other.review);
        more(&mut self.ignored, other.ignored);
        for (name, field) in &other.fields {
            let own = self.fields.entry(name.clone()).or_default();
            more(&mut own.set, field.set);
            more(&mut own.unset, field.unset);
            more(&mut own.wrong, field.wrong);
        }
        for (name, records) in &other.records {
            let own = self.records.entry(name.clone()).or_default();
            more(&mut own.created, records.created);
            more(&mut own.duplicates, records.duplicates);
        }
    }

    /// How many things were counted, so that nobody counts without end in memory.
    pub(super) fn weight(&self) -> u64 {
        let records = self.records.values().map(|it| it.created + it.duplicates);
        self.events() + self.ignored + records.sum::<u64>()
    }
}

impl FieldCounts {
    /// The share of events that had a value that passed, from 0 to 1; `None`: there was none.
    #[must_use]
    pub fn complete(&self) -> Option<f64> {
        let all = self.set.saturating_add(self.unset);
        share(self.set, all.saturating_add(self.wrong))
    }
}

fn more(own: &mut u64, other: u64) {
    *own = own.saturating_add(other);
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, set: u64) -> Counts {
        let (unset, wrong) = (1, 0);
        let field = FieldCounts { set, unset, wrong };
        Counts {
            passed,
            review: 1,
            fields: [("data.size".to_owned(), field)].into(),
            ..Counts::default()
        }
    }

    #[test]
    fn counts_add_up_field_by_field() {
        let mut sum = counts(2, 3);
        sum.add(&counts(4, 5));
        assert_eq!((sum.passed, sum.review), (6, 2));
        assert_eq!(sum.fields["data.size"].set, 8);
        assert_eq!(sum.passing(), Some(0.75));
        assert_eq!(sum.fields["data.size"].complete(), Some(0.8));
        assert_eq!(Counts::default().passing(), None);
    }

    #[test]
    fn what_a_newer_version_counts_beside_is_passed_over() {
        let read: Counts = serde_json::from_str(r#"{ "passed": 3, "late": 7 }"#).unwrap();
        assert_eq!((read.passed, read.review), (3, 0));
    }
}
