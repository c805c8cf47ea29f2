//! The journal: items with revisions in one map.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use holdfast_engine::port::{
    Change, CommitError, Conflict, Item, Journal, Key, Page, PortError, Row, Table, Write,
};

use super::Shared;
use super::condition::{Condition, Conditions};
use super::feed::feed;
use super::late::Late;
use crate::random::Random;

/// The journal in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    shared: Shared,
    conditions: Conditions,
    late: Late,
}

impl MemoryJournal {
    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared,
            conditions: Conditions::default(),
            late: Late::default(),
        }
    }

    /// From now on, what may be seen a moment late is seen as it was at any time in that moment.
    pub fn lag(&self, random: Random) {
        self.late.begin(random);
    }

    /// Everything that who reads an item lately may see.
    #[must_use]
    pub fn seen_lately(&self, key: &Key) -> Vec<Option<Item>> {
        let (now, item) = self
            .shared
            .read(|state| (state.now, state.items.get(key).cloned()));
        self.late.versions(key, item, now)
    }

    /// Leaves conditions out of every write from now on, as a mistake would.
    pub fn ignore(&self, conditions: impl IntoIterator<Item = Condition>) {
        self.conditions.ignore(conditions);
    }

    /// The conditions of the writes that were asked for.
    #[must_use]
    pub fn conditions(&self) -> BTreeSet<Condition> {
        self.conditions.seen()
    }

    /// Writes an item without a condition, as a fixture.
    pub fn seed(&self, key: Key, body: String) {
        self.shared.change(|state| {
            let revision = state.items.get(&key).map_or(1, |item| item.revision + 1);
            state.items.insert(key, Item { revision, body });
        });
    }

    /// Deletes an item without a condition, as a fixture.
    pub fn forget(&self, key: &Key) {
        self.shared.change(|state| state.items.remove(key));
    }

    /// An item as it is.
    #[must_use]
    pub fn item(&self, key: &Key) -> Option<Item> {
        self.shared.read(|state| state.items.get(key).cloned())
    }

    /// All items of a table whose partition starts with `prefix`.
    #[must_use]
    pub fn items(&self, table: Table, prefix: &str) -> Vec<(Key, Item)> {
        let wanted = |key: &Key| key.table == table && key.partition.starts_with(prefix);
        self.shared.read(|state| {
            let found = state.items.iter().filter(|(key, _)| wanted(key));
            found
                .map(|(key, item)| (key.clone(), item.clone()))
                .collect()
        })
    }
}

impl MemoryJournal {
    fn conflicts(&self, items: &BTreeMap<Key, Item>, writes: &[Write]) -> Vec<Conflict> {
        let failed = |(index, write): (usize, &Write)| {
            let found = items.get(&write.key);
            let revision = found.map(|item| item.revision);
            (!self.conditions.allow(write, revision)).then(|| Conflict {
                index,
                found: found.cloned(),
            })
        };
        writes.iter().enumerate().filter_map(failed).collect()
    }
}

impl Journal for MemoryJournal {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        let find = |items: &BTreeMap<Key, Item>| {
            let found = keys.iter().map(|key| items.get(key).cloned());
            found.collect()
        };
        Ok(self.shared.read(|state| find(&state.items)))
    }

    async fn read_lately(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        let seen = keys.iter().map(|key| self.late.pick(self.seen_lately(key)));
        Ok(seen.collect())
    }

    async fn read_both(
        &self,
        keys: &[Key],
        lately: &[Key],
    ) -> Result<Vec<Option<Item>>, PortError> {
        let mut items = self.read(keys).await?;
        items.extend(self.read_lately(lately).await?);
        Ok(items)
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.shared.change(|state| {
            let conflicts = self.conflicts(&state.items, &writes);
            if !conflicts.is_empty() {
                return Err(CommitError::Conflict(conflicts));
            }
            self.conditions.check(&state.items, &writes);
            for write in writes {
                feed(state, &write);
                let before = state.items.get(&write.key).cloned();
                self.late.changes(&write.key, before, state.now);
                apply(&mut state.items, write);
            }
            Ok(())
        })
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, PortError> {
        let from = Key {
            table,
            partition: partition.to_owned(),
            sort: after.unwrap_or(prefix).to_owned(),
        };
        let start = match after {
            Some(_) => Bound::Excluded(from),
            None => Bound::Included(from),
        };
        let mut rows = self.shared.read(|state| {
            let range = state.items.range((start, Bound::Unbounded));
            let found = range
                .take_while(|(key, _)| key.table == table && key.partition == partition)
                .filter(|(key, _)| key.sort.starts_with(prefix))
                .take(limit.saturating_add(1));
            found.map(|(key, item)| row(key, item)).collect::<Vec<_>>()
        });
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = more
            .then(|| rows.last().map(|row| row.sort.clone()))
            .flatten();
        Ok(Page { rows, next })
    }
}

fn row(key: &Key, item: &Item) -> Row {
    Row {
        sort: key.sort.clone(),
        item: item.clone(),
    }
}

fn apply(items: &mut BTreeMap<Key, Item>, write: Write) {
    let revision = items.get(&write.key).map_or(1, |item| item.revision + 1);
    match write.change {
        Change::Put(body) => drop(items.insert(write.key, Item { revision, body })),
        Change::Delete => drop(items.remove(&write.key)),
        Change::Check => {}
    }
}
