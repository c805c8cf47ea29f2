//! The conditions of writes, one by one: a test may leave one out, to see who notices.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use holdfast_engine::key;
use holdfast_engine::operation::{ERROR, REVIEW};
use holdfast_engine::port::{Change, Expect, Key, Table, Write};

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
    /// A breaker.
    Breaker,
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
            (Table::Operations, kind) if kind == ERROR => Self::ErrorRecord,
            (Table::Operations, kind) if kind == REVIEW => Self::ReviewItem,
            (Table::Journal, _) => Self::in_journal(&key.sort),
            _ => Self::Other,
        }
    }

    fn in_journal(sort: &str) -> Self {
        match sort.split('#').next().unwrap_or_default() {
            key::RECORD => Self::Record,
            "exe" => Self::StepEntry,
            "generation" => Self::Generation,
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
    ignored: Option<Condition>,
    seen: BTreeSet<Condition>,
}

/// The conditions that a journal was asked for, and the one that it does not look at.
#[derive(Debug, Default)]
pub(super) struct Conditions(Mutex<Noted>);

impl Conditions {
    pub(super) fn ignore(&self, condition: Option<Condition>) {
        self.noted().ignored = condition;
    }

    pub(super) fn seen(&self) -> BTreeSet<Condition> {
        self.noted().seen.clone()
    }

    /// Whether a write may be made where an item of this revision is.
    pub(super) fn allow(&self, write: &Write, found: Option<u64>) -> bool {
        let mut noted = self.noted();
        let condition = Condition::of(write);
        noted.seen.insert(condition);
        noted.ignored == Some(condition) || write.expect.holds(found)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
