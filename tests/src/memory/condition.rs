//! The conditions of writes, one by one: a test may leave one out, to see who notices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use holdfast_engine::key;
use holdfast_engine::operation::{ERROR, REVIEW};
use holdfast_engine::port::{Change, Expect, Item, Key, Table, Write};

use super::bound::is_bound;
use super::judged::judgement;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A record.
    Record,
    /// A step's entry.
    StepEntry,
    /// The generation of an execution.
    Generation,
    /// The line of a change in another record's timeline, or of a creation.
    ChangeLine,
    /// The line of a change past Holdfast.
    ExternalLine,
    /// The entry of a source's event.
    SourceEvent,
    /// The entry of a record's event, or the line of a source's event in its home.
    HomeEvent,
    /// An item of a unique key.
    UniqueKey,
    /// An item of a key that several records may share.
    SharedKey,
    /// A `once` key.
    Once,
    /// What became of an outcome.
    Outcome,
    /// The line of what a person did.
    Decision,
    /// A breaker.
    Breaker,
    /// The bucket of a rate.
    Rate,
    /// What an execution gave to a batch.
    BatchMember,
    /// A batch.
    Batch,
    /// Answers of a batch.
    BatchAnswers,
    /// An incident.
    Incident,
    /// What was posted of an alert.
    Posted,
    /// What is known of a path of alerts.
    AlertPath,
    /// The figures of an hour and source.
    Quality,
    /// How far an import is.
    Import,
    /// What an address has asked for about being written to.
    Suppression,
    /// An error record.
    ErrorRecord,
    /// A review item.
    ReviewItem,
    /// Anything else.
    Other,
}

impl Kind {
    /// What the item of a key is.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        let kind = key.partition.split('#').nth(1).unwrap_or_default();
        match (key.table, kind) {
            (Table::Claims, "once") => Self::Once,
            (Table::Claims, "breaker") => Self::Breaker,
            (Table::Claims, key::RATE) => Self::Rate,
            (Table::Claims, key::BATCH) => Self::of_batch(&key.sort),
            (Table::Claims, "alert") => Self::Incident,
            (Table::Claims, "alerted") => Self::Posted,
            (Table::Claims, "alert-path") => Self::AlertPath,
            (Table::Claims, "quality") => Self::Quality,
            (Table::Claims, "suppressed") => Self::Suppression,
            (Table::Operations, kind) if kind == ERROR => Self::ErrorRecord,
            (Table::Operations, kind) if kind == REVIEW => Self::ReviewItem,
            (Table::Journal, _) => Self::in_journal(&key.sort),
            _ => Self::Other,
        }
    }

    fn of_batch(sort: &str) -> Self {
        if sort.starts_with(key::BATCH_MEMBER) {
            Self::BatchMember
        } else if sort.starts_with(key::BATCH_MADE) {
            Self::Batch
        } else {
            Self::BatchAnswers
        }
    }

    fn in_journal(sort: &str) -> Self {
        match sort.split('#').next().unwrap_or_default() {
            key::RECORD => Self::Record,
            key::IMPORT => Self::Import,
            "exe" => Self::StepEntry,
            "generation" => Self::Generation,
            "outcome" => Self::Outcome,
            "decision" => Self::Decision,
            "change" if sort.ends_with("#external") => Self::ExternalLine,
            "change" => Self::ChangeLine,
            "event" if sort == "event" => Self::SourceEvent,
            "event" => Self::HomeEvent,
            "key" => Self::UniqueKey,
            "also" => Self::SharedKey,
            _ => Self::Other,
        }
    }
}

/// What a condition guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guards {
    /// A first write: there is no item.
    Creation,
    /// A new body: the item is as it was read.
    Replacement,
    /// A removal: the item is as it was read.
    Removal,
    /// The other writes of its transaction: the item is as it was read.
    Others,
}

/// A condition of conditional writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition(pub Kind, pub Guards);

impl Condition {
    /// The condition of a write.
    #[must_use]
    pub fn of(write: &Write) -> Self {
        let guards = match (&write.change, write.expect) {
            (Change::Check, _) => Guards::Others,
            (Change::Delete, _) => Guards::Removal,
            (Change::Put(_), Expect::Absent) => Guards::Creation,
            (Change::Put(_), Expect::Revision(_)) => Guards::Replacement,
        };
        Self(Kind::of(&write.key), guards)
    }
}

#[derive(Debug, Default)]
struct Noted {
    ignored: BTreeSet<Condition>,
    seen: BTreeSet<Condition>,
}

/// The conditions that a journal was asked for, and those that it does not look at.
#[derive(Debug, Default)]
pub(super) struct Conditions(Mutex<Noted>);

impl Conditions {
    pub(super) fn ignore(&self, conditions: impl IntoIterator<Item = Condition>) {
        self.noted().ignored = conditions.into_iter().collect();
    }

    pub(super) fn seen(&self) -> BTreeSet<Condition> {
        self.noted().seen.clone()
    }

    /// Whether a write may be made where an item of this revision is.
    ///
    /// # Panics
    /// When nobody has judged its condition: who adds one to the engine has to say why it is
    /// needed.
    pub(super) fn allow(&self, write: &Write, found: Option<u64>) -> bool {
        let mut noted = self.noted();
        let condition = Condition::of(write);
        if noted.seen.insert(condition) {
            let judged = judgement(condition).is_some();
            assert!(judged, "{condition:?} is not judged: {:?}", write.key);
        }
        noted.ignored.contains(&condition) || write.expect.holds(found)
    }

    /// Looks at a transaction that is about to be made, unless a condition is left out: each item
    /// whose condition another one implies is written together with that one's item.
    ///
    /// # Panics
    /// When one is written without it.
    pub(super) fn check(&self, items: &BTreeMap<Key, Item>, writes: &[Write]) {
        let noted = self.noted();
        for write in writes.iter().filter(|_| noted.ignored.is_empty()) {
            assert!(is_bound(write, writes, items), "{write:?} in {writes:?}");
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
