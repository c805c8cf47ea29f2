//! Removing items that are of use for a while only, long after anybody asks for them.
//!
//! What a step collects in one window lies in one partition. Its youngest member, whose name begins
//! with the time at which it was due, tells how old it is.

use holdfast_engine::key::{BATCH, BATCH_MEMBER, PASSES_AFTER};
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{PortError, Table};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::items::number;

/// The next partition of a range.
const NEXT: &str = "SELECT partition FROM items WHERE tbl = ?1 AND partition > ?2 \
     AND partition < ?3 ORDER BY partition LIMIT 1";
/// The last item whose sort key begins so.
const LAST: &str = "SELECT sort FROM items WHERE tbl = ?1 AND partition = ?2 \
     AND sort >= ?3 AND sort < ?3 || '~' ORDER BY sort DESC LIMIT 1";
/// The youngest member goes last: a partition that is removed in part is still known to be old.
const REMOVE: &str = "DELETE FROM items WHERE id IN (SELECT id FROM items \
     WHERE tbl = ?1 AND partition = ?2 ORDER BY sort LIMIT ?3)";

/// Items removed in one transaction: others wait for it.
const AT_ONCE: usize = 500;

impl Store {
    /// Removes what a tenant's steps collected in windows that are long over. Returns how many
    /// items were removed.
    ///
    /// # Errors
    /// [`PortError`] when the store fails; some may have been removed.
    pub async fn remove_passed(
        &self,
        tenant: &TenantName,
        now: Timestamp,
    ) -> Result<usize, PortError> {
        let (mut after, mut total) = (format!("{tenant}#{BATCH}#"), 0);
        let end = format!("{tenant}#{BATCH}$");
        while let Some(partition) = self.next_partition(&after, &end)? {
            if !self.is_passed(&partition, now)? {
                after = last_of_step(&partition);
                continue;
            }
            loop {
                let name = partition.clone();
                let removed = self
                    .write(move |connection| remove(connection, &name))
                    .await?;
                total += removed;
                if removed < AT_ONCE {
                    break;
                }
            }
            after = partition;
        }
        Ok(total)
    }

    fn next_partition(&self, after: &str, end: &str) -> Result<Option<String>, PortError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(NEXT)?;
            let parameters = params![number(Table::Claims), after, end];
            statement.query_row(parameters, |row| row.get(0)).optional()
        })
    }

    fn is_passed(&self, partition: &str, now: Timestamp) -> Result<bool, PortError> {
        let youngest: Option<String> = self.read(|connection| {
            let mut statement = connection.prepare_cached(LAST)?;
            let parameters = params![number(Table::Claims), partition, BATCH_MEMBER];
            statement.query_row(parameters, |row| row.get(0)).optional()
        })?;
        let due = youngest.as_deref().and_then(due);
        let until = due.and_then(|due| due.checked_add(PASSES_AFTER).ok());
        Ok(until.is_some_and(|until| until < now))
    }
}

/// When a member was due, by its sort key.
fn due(sort: &str) -> Option<Timestamp> {
    let (millis, _) = sort.strip_prefix(BATCH_MEMBER)?.split_once('#')?;
    Timestamp::from_millisecond(millis.parse().ok()?).ok()
}

/// What comes after all partitions of the same step: its windows are numbered in the order of time,
/// with as many digits for some centuries.
fn last_of_step(partition: &str) -> String {
    let step = partition
        .rsplit_once('/')
        .map_or(partition, |(step, _)| step);
    format!("{step}/~")
}

fn remove(connection: &Connection, partition: &str) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(REMOVE)?;
    let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    statement.execute(params![number(Table::Claims), partition, limit])
}

#[cfg(test)]
mod tests {
    use holdfast_engine::key;
    use holdfast_engine::port::{Change, Expect, Journal as _, Key, Write};

    use super::*;
    use crate::clock::SystemClock;
    use crate::store::SqliteJournal;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The items of a window of a step, with so many members that were due then.
    fn window(step: &str, number: i64, due: Timestamp, members: usize) -> Vec<Key> {
        let (tenant, pack) = ("demo".parse().unwrap(), "shop".parse().unwrap());
        let workflow = "w".parse().unwrap();
        let partition = key::batches(&tenant, &pack, &workflow, &step.parse().unwrap(), number);
        let member = |one| format!("{BATCH_MEMBER}{:015}#{one:04}#1", due.as_millisecond());
        let sorts = (0..members).map(member);
        let more = ["made#000000", "answers#000000#000"].map(str::to_owned);
        let sorts = sorts.chain(more);
        sorts
            .map(|sort| key::of_batches(&partition, sort))
            .collect()
    }

    #[tokio::test]
    async fn windows_that_are_long_over_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let journal = SqliteJournal::new(store.clone(), SystemClock);
        let (old, young) = (at("2026-01-01T00:00:00Z"), at("2026-02-20T00:00:00Z"));
        let once = key::once(&[0; 32], &"demo".parse().unwrap(), "a");
        let kept = [
            window("a.1", 201, young, 3),
            window("b.1", 201, young, 3),
            vec![once],
        ];
        let kept = kept.concat();
        let passed = [
            window("a.1", 199, old, 1_200),
            window("a.1", 200, old, 2),
            window("b.1", 200, old, 2),
        ];
        let passed = passed.concat();
        let write = |key: &Key| Write {
            key: key.clone(),
            expect: Expect::Absent,
            change: Change::Put("{}".to_owned()),
        };
        let writes: Vec<_> = kept.iter().chain(&passed).map(write).collect();
        for writes in writes.chunks(100) {
            journal.commit(writes.to_vec()).await.unwrap();
        }
        let demo: TenantName = "demo".parse().unwrap();
        let remove = async |now| store.remove_passed(&demo, at(now)).await.unwrap();
        assert_eq!(remove("2026-03-01T00:00:00Z").await, 0, "not yet");
        assert_eq!(remove("2026-03-03T00:00:00Z").await, passed.len());
        assert_eq!(remove("2026-03-03T00:00:00Z").await, 0);
        let found = journal.read(&kept).await.unwrap();
        assert!(found.iter().all(Option::is_some));
        let found = journal.read(&passed).await.unwrap();
        assert!(found.iter().all(Option::is_none));
        let other: TenantName = "demo-two".parse().unwrap();
        assert_eq!(store.remove_passed(&other, Timestamp::MAX).await, Ok(0));
    }
}
