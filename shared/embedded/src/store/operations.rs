//! Listing error records and review items across partitions, for people.

use holdfast_engine::operation::{Operation, Stored};
use holdfast_engine::port::{Clock, OperationList, Operations, PortError, Which};
use rusqlite::{Connection, params};

use super::SqliteJournal;
use super::items;

const ALL: &str = "SELECT partition, revision, body FROM items \
     WHERE tbl = 3 AND partition > ?1 ORDER BY partition LIMIT ?2";

/// The first two conditions are those of the index, word for word.
const OPEN: &str = "SELECT partition, revision, body FROM items INDEXED BY open_operations \
     WHERE tbl = 3 AND json_extract(body, '$.status') <> 'closed' \
     AND partition > ?1 ORDER BY partition LIMIT ?2";

impl<C: Clock> OperationList for SqliteJournal<C> {
    async fn list(
        &self,
        which: Which,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Operations, PortError> {
        self.store()
            .read(|connection| list(connection, which, after, limit))
    }
}

/// An operation that does not decode is passed over: it was written by another version.
fn list(
    connection: &Connection,
    which: Which,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Operations> {
    let sql = match which {
        Which::Open => OPEN,
        Which::All => ALL,
    };
    let mut statement = connection.prepare_cached(sql)?;
    let most = limit.max(1);
    let start = after.unwrap_or_default();
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![start, limit])?;
    let (mut found, mut seen, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        let partition: String = row.get(0)?;
        let item = items::item(row, 1)?;
        match Operation::decode(&partition, &item.body) {
            Ok(operation) => found.push(Stored { operation, item }),
            Err(error) => {
                tracing::warn!(%partition, %error, "an operation does not decode");
            }
        }
        seen += 1;
        last = Some(partition);
    }
    let next = last.filter(|_| seen == most);
    Ok(Operations { found, next })
}

#[cfg(test)]
mod tests {
    use holdfast_engine::definition::model::Severity;
    use holdfast_engine::name::TenantName;
    use holdfast_engine::operation::{Handling, ReviewItem, ReviewKind};
    use holdfast_engine::port::{Change, Expect, Journal, Write};
    use jiff::Timestamp;

    use super::*;
    use crate::clock::SystemClock;
    use crate::store::Store;

    fn item(tenant: &str, id: &str, closed: bool) -> Write {
        let opened = Handling::opened(Timestamp::UNIX_EPOCH, Severity::P2);
        let operation = Operation::Review(ReviewItem {
            id: id.to_owned(),
            kind: ReviewKind::InvalidInput,
            title: "wrong".to_owned(),
            severity: Severity::P2,
            handling: if closed {
                opened.closed(Timestamp::MAX)
            } else {
                opened
            },
            tenant: TenantName::new(tenant).unwrap(),
            at: Timestamp::UNIX_EPOCH,
            function: "receive-webhook".to_owned(),
            execution: None,
            step: None,
            report: serde_json::Value::Null,
            subject: String::new(),
        });
        Write {
            key: operation.key(),
            expect: Expect::Absent,
            change: Change::Put(operation.encode().unwrap()),
        }
    }

    #[tokio::test]
    async fn operations_are_listed_page_by_page_settled_ones_only_if_asked() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let journal = SqliteJournal::new(store.clone(), SystemClock);
        let writes = [("a", "1", false), ("a", "2", true), ("b", "1", false)];
        let writes = writes.map(|(tenant, id, closed)| item(tenant, id, closed));
        journal.commit(writes.to_vec()).await.unwrap();
        let page = async |which, after: Option<String>| {
            let page = journal.list(which, after.as_deref(), 2).await.unwrap();
            let next = page.next.clone();
            let keys = page.into_operations().map(|one| one.key().partition);
            (keys.collect::<Vec<_>>(), next)
        };
        let (first, next) = page(Which::All, None).await;
        assert_eq!(first, ["a#review#1", "a#review#2"]);
        assert_eq!(
            page(Which::All, next).await,
            (vec!["b#review#1".to_owned()], None)
        );
        let (open, next) = page(Which::Open, None).await;
        assert_eq!(open, ["a#review#1", "b#review#1"]);
        assert_eq!(page(Which::Open, next).await, (Vec::new(), None));
    }

    #[tokio::test]
    async fn what_is_open_is_found_without_looking_at_what_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let plan: String = store
            .read(|connection| {
                let sql = format!("EXPLAIN QUERY PLAN {OPEN}");
                connection.query_row(&sql, params!["", 1], |row| row.get(3))
            })
            .unwrap();
        assert!(plan.contains("open_operations"), "{plan}");
    }
}
