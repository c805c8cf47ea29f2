//! The journal on DynamoDB.

use aws_sdk_dynamodb::Client;
use futures_util::future::try_join;
use holdfast_engine::port::{CommitError, Item, Journal, Key, Page, PortError, Table, Write};

use super::{Consistency, Items, Slot};
use crate::config::Tables;

/// Shared state on DynamoDB. Reads are strongly consistent.
#[derive(Debug, Clone)]
pub struct DynamoJournal {
    pub(super) items: Items,
    pub(super) tables: Tables,
}

impl DynamoJournal {
    /// The journal of these tables.
    #[must_use]
    pub fn new(client: Client, tables: Tables) -> Self {
        Self {
            items: Items::new(client),
            tables,
        }
    }

    pub(super) fn slot<'a>(&'a self, key: &'a Key) -> Slot<'a> {
        Slot {
            table: self.tables.name(key.table),
            partition: &key.partition,
            sort: &key.sort,
        }
    }
}

impl Journal for DynamoJournal {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        let slots: Vec<_> = keys.iter().map(|key| self.slot(key)).collect();
        self.items.all(&slots, Consistency::Strong).await
    }

    async fn read_lately(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        let slots: Vec<_> = keys.iter().map(|key| self.slot(key)).collect();
        self.items.all(&slots, Consistency::Eventual).await
    }

    async fn read_both(
        &self,
        keys: &[Key],
        lately: &[Key],
    ) -> Result<Vec<Option<Item>>, PortError> {
        let (mut items, late) = try_join(self.read(keys), self.read_lately(lately)).await?;
        items.extend(late);
        Ok(items)
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        match writes.as_slice() {
            [] => Ok(()),
            [write] => self.commit_one(write).await,
            several => self.commit_all(several).await,
        }
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, PortError> {
        let table = self.tables.name(table);
        self.items
            .query(table, partition, prefix, after, limit)
            .await
    }
}
