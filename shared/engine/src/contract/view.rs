//! What an invocation has seen of the journal. Every write is conditioned on it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::port::{Change, Conflict, Expect, Item, Key, PortError, Write};

/// Items as they were last seen; an item that was never looked at counts as absent, and a
/// conflict corrects that.
#[derive(Debug, Default)]
pub(super) struct View(BTreeMap<Key, Option<Item>>);

impl View {
    /// Remembers what was read.
    pub(super) fn saw(&mut self, keys: &[Key], items: Vec<Option<Item>>) {
        self.0.extend(keys.iter().cloned().zip(items));
    }

    /// Remembers what a conflict showed; returns the keys whose conditions failed.
    pub(super) fn learn(&mut self, writes: &[Write], conflicts: Vec<Conflict>) -> Vec<Key> {
        let mut failed = Vec::new();
        for Conflict { index, found } in conflicts {
            let Some(write) = writes.get(index) else {
                continue;
            };
            self.0.insert(write.key.clone(), found);
            failed.push(write.key.clone());
        }
        failed
    }

    /// Remembers the writes of a commit.
    pub(super) fn wrote(&mut self, writes: &[Write]) {
        for write in writes {
            let revision = match write.expect {
                Expect::Absent => 1,
                Expect::Revision(revision) => revision.saturating_add(1),
            };
            match &write.change {
                Change::Put(body) => {
                    self.0.insert(
                        write.key.clone(),
                        Some(Item {
                            revision,
                            body: body.clone(),
                        }),
                    );
                }
                Change::Delete => {
                    self.0.insert(write.key.clone(), None);
                }
                Change::Check => {}
            }
        }
    }

    /// The item, as far as it was seen.
    pub(super) fn item(&self, key: &Key) -> Option<&Item> {
        self.0.get(key)?.as_ref()
    }

    /// The item's body.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the journal holds something else.
    pub(super) fn body<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, PortError> {
        let Some(item) = self.item(key) else {
            return Ok(None);
        };
        serde_json::from_str(&item.body).map(Some).map_err(|error| {
            PortError::Unavailable(format!(
                "{}#{} does not decode: {error}",
                key.partition, key.sort
            ))
        })
    }

    /// A write on condition that the item is as it was seen.
    pub(super) fn write(&self, key: &Key, change: Change) -> Write {
        Write {
            key: key.clone(),
            expect: Expect::unchanged(self.item(key)),
            change,
        }
    }

    /// A put on condition that the item is as it was seen.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when the body does not encode.
    pub(super) fn put(&self, key: &Key, body: &impl Serialize) -> Result<Write, PortError> {
        Write::put(key.clone(), Expect::unchanged(self.item(key)), body)
    }
}
