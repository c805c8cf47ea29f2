//! Listing error records and review items across partitions, for people.

use holdfast_engine::port::{Clock, Item, PortError, Table};
use rusqlite::{Connection, params};

use super::SqliteJournal;
use super::items;

const LIST: &str = "SELECT partition, revision, body FROM items \
     WHERE tbl = ?1 AND partition >= ?2 AND sort = '' ORDER BY partition";

impl<C: Clock> SqliteJournal<C> {
    /// Lists the operation items whose partitions start with `prefix`, after `after`, at most
    /// `limit`, each with its partition, in the order of the partitions.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub fn operations(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, PortError> {
        self.store()
            .read(|connection| list(connection, prefix, after, limit))
    }
}

fn list(
    connection: &Connection,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<(String, Item)>> {
    let mut statement = connection.prepare_cached(LIST)?;
    let start = after.map_or(prefix, |after| after.max(prefix));
    let mut rows = statement.query(params![items::number(Table::Operations), start])?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let partition: String = row.get(0)?;
        if !partition.starts_with(prefix) {
            break;
        }
        if after != Some(partition.as_str()) {
            found.push((partition, items::item(row, 1)?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use holdfast_engine::port::{Change, Expect, Journal, Key, Write};

    use super::*;
    use crate::clock::SystemClock;
    use crate::store::Store;

    fn put(table: Table, partition: &str) -> Write {
        Write {
            key: Key {
                table,
                partition: partition.to_owned(),
                sort: String::new(),
            },
            expect: Expect::Absent,
            change: Change::Put("{}".to_owned()),
        }
    }

    #[tokio::test]
    async fn operations_are_listed_by_tenant_and_kind_page_by_page() {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::new(Store::open(folder.path()).unwrap(), SystemClock);
        let operations = ["a#error#1", "a#review#1", "a#review#2", "b#review#1"];
        let mut writes: Vec<_> = operations.map(|key| put(Table::Operations, key)).into();
        writes.push(put(Table::Claims, "a#review#0"));
        journal.commit(writes).await.unwrap();
        let list = |after, limit| -> Vec<String> {
            let found = journal.operations("a#review#", after, limit).unwrap();
            found.into_iter().map(|(partition, _)| partition).collect()
        };
        assert_eq!(list(None, 1), ["a#review#1"]);
        assert_eq!(list(Some("a#review#1"), 10), ["a#review#2"]);
    }
}
