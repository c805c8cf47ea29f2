//! Durable shared state with conditional writes.
//!
//! Every item carries a revision. A write is conditioned on the revision that its decision was
//! based on, so that the rules alone decide and a store only compares numbers: on a conflict the
//! caller gets what is there now and decides again.

use std::future::Future;

use serde::Serialize;

use super::PortError;

/// The table that an item lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Records, their entries and events.
    Journal,
    /// `once` keys and other claims on shared things.
    Claims,
    /// Error records and review items.
    Operations,
}

/// The key of an item. Items of one partition are kept in the order of their sort keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The table.
    pub table: Table,
    /// The partition; starts with the tenant.
    pub partition: String,
    /// The sort key; empty where a partition holds one item.
    pub sort: String,
}

/// What a store holds under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// From 1, one higher with every write.
    pub revision: u64,
    /// A JSON document.
    pub body: String,
}

/// An item with its sort key, as a partition query returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The sort key.
    pub sort: String,
    /// The item.
    pub item: Item,
}

/// A part of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Items in the order of their sort keys.
    pub rows: Vec<Row>,
    /// Where the next page starts (exclusive); `None`: this is the last.
    pub next: Option<String>,
}

/// The condition of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is no item.
    Absent,
    /// The item has this revision.
    Revision(u64),
}

impl Expect {
    /// The condition that nothing changed since this observation.
    #[must_use]
    pub fn unchanged(observed: Option<&Item>) -> Self {
        observed.map_or(Self::Absent, |item| Self::Revision(item.revision))
    }

    /// Whether the condition holds for what a store found.
    #[must_use]
    pub fn holds(self, found: Option<u64>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Revision(revision) => found == Some(revision),
        }
    }
}

/// What a write does to its item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Replaces the body; the revision becomes one higher than the expected one, or 1.
    Put(String),
    /// Removes the item.
    Delete,
    /// Changes nothing: a condition that the other writes depend on.
    Check,
}

/// One conditional write of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Which item.
    pub key: Key,
    /// The condition.
    pub expect: Expect,
    /// The change.
    pub change: Change,
}

impl Write {
    /// A write of a body as JSON.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the body does not encode.
    pub fn put(key: Key, expect: Expect, body: &impl Serialize) -> Result<Self, PortError> {
        let body = serde_json::to_string(body)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(Self {
            key,
            expect,
            change: Change::Put(body),
        })
    }
}

/// A write whose condition did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Which write of the transaction.
    pub index: usize,
    /// What was there instead; `None`: nothing.
    pub found: Option<Item>,
}

/// Why a transaction changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Conditions did not hold; here is what was there for each that failed.
    #[error("the item changed")]
    Conflict(Vec<Conflict>),
    /// The store failed. The transaction may or may not have happened.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl CommitError {
    /// What is left of the failure of a write that is made once ([`Expect::Absent`]): nothing where
    /// the item is there.
    ///
    /// # Errors
    /// [`PortError`] when the store failed, or refused the write although nothing is there.
    pub fn unless_written(self) -> Result<(), PortError> {
        match self {
            Self::Conflict(found) if found.iter().all(|one| one.found.is_some()) => Ok(()),
            Self::Conflict(_) => Err(PortError::Unavailable(
                "the item was gone when it was looked at".to_owned(),
            )),
            Self::Port(error) => Err(error),
        }
    }
}

/// Durable shared state.
///
/// A change of a record item (`Table::Journal`, sort key `record`) is delivered, with its old and
/// new body, to the function `watch-records`; that of an item of `Table::Operations` to
/// `handle-error`.
pub trait Journal: Send + Sync {
    /// Reads items, each as of its last commit, in the order of the keys.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn read(
        &self,
        keys: &[Key],
    ) -> impl Future<Output = Result<Vec<Option<Item>>, PortError>> + Send;

    /// Reads items, each as of its last commit or of one shortly before, in the order of the keys:
    /// for what may be seen a moment late, where a store can tell it for less.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn read_lately(
        &self,
        keys: &[Key],
    ) -> impl Future<Output = Result<Vec<Option<Item>>, PortError>> + Send {
        self.read(keys)
    }

    /// Reads items of both kinds at once: those of `keys` as [`Self::read`] does, those of `lately`
    /// as [`Self::read_lately`]; the answers have that order.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn read_both(
        &self,
        keys: &[Key],
        lately: &[Key],
    ) -> impl Future<Output = Result<Vec<Option<Item>>, PortError>> + Send {
        let all = [keys, lately].concat();
        async move { self.read(&all).await }
    }

    /// Performs all writes or none; durable when it returns.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when a condition does not hold, and nothing was written.
    fn commit(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Reads a part of a partition: sort keys that start with `prefix`, after `after`, at most
    /// `limit` items.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, PortError>> + Send;
}
