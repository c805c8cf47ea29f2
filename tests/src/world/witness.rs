//! What is in the journal when nothing moves, and whether it keeps the promises of the contract.

use std::collections::BTreeMap;

use holdfast_engine::entry::{State, StepEntry};
use holdfast_engine::id::ExecutionRef;
use holdfast_engine::key;
use holdfast_engine::operation::{ERROR, ErrorRecord, REVIEW, ReviewItem, Status};
use holdfast_engine::port::{Ports as _, Table};
use serde::de::DeserializeOwned;

use super::World;

/// What is in the journal.
#[derive(Debug)]
pub struct Witness {
    /// Entries by `execution#generation#step.n`.
    pub entries: BTreeMap<String, StepEntry>,
    /// Error records.
    pub errors: Vec<ErrorRecord>,
    /// Review items.
    pub reviews: Vec<ReviewItem>,
}

impl Witness {
    /// Reads everything.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let journal = world.memory.journal();
        let entries = journal.items(Table::Journal, "").into_iter();
        let entries = entries.filter_map(|(key, item)| {
            let step = key.sort.strip_prefix(key::EXECUTION_PREFIX)?.to_owned();
            Some((step, decoded(&item.body)))
        });
        let operations = journal.items(Table::Operations, "");
        Self {
            entries: entries.collect(),
            errors: of_kind(&operations, ERROR),
            reviews: of_kind(&operations, REVIEW),
        }
    }

    /// The error records that are open.
    pub fn open(&self) -> impl Iterator<Item = &ErrorRecord> {
        self.errors
            .iter()
            .filter(|error| error.handling.status == Status::Open)
    }

    /// The codes of the error records that are open, in order.
    #[must_use]
    pub fn open_codes(&self) -> Vec<&str> {
        let mut codes: Vec<_> = self.open().map(|error| error.code.as_str()).collect();
        codes.sort_unstable();
        codes
    }

    /// The entry of a step in the first generation.
    #[must_use]
    pub fn entry(&self, execution: &ExecutionRef, step: &str) -> Option<&StepEntry> {
        self.entries
            .get(&format!("{}#1#{step}", execution.execution))
    }

    /// The name of a step's state; `none` without an entry.
    #[must_use]
    pub fn state(&self, execution: &ExecutionRef, step: &str) -> &'static str {
        self.entry(execution, step)
            .map_or("none", |entry| entry.state.name())
    }

    /// Entries that failed, with whether an open error record says so.
    pub fn failed(&self) -> impl Iterator<Item = (&str, bool)> {
        let failed =
            |entry: &StepEntry| matches!(entry.state, State::Failed { .. } | State::GaveUp { .. });
        let entries = self.entries.iter().filter(move |(_, entry)| failed(entry));
        entries.map(|(step, entry)| {
            let id = entry.error.as_ref().map(|error| &error.id);
            (step.as_str(), self.open().any(|open| Some(&open.id) == id))
        })
    }
}

fn of_kind<T: DeserializeOwned>(
    operations: &[(holdfast_engine::port::Key, holdfast_engine::port::Item)],
    kind: &str,
) -> Vec<T> {
    let of_kind = operations
        .iter()
        .filter(|(key, _)| key.partition.split('#').nth(1) == Some(kind));
    of_kind.map(|(_, item)| decoded(&item.body)).collect()
}

fn decoded<T: DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).expect("the journal holds what the engine wrote")
}
