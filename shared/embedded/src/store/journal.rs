//! The journal, claims and operations: conditional writes on SQLite.

use std::collections::BTreeSet;
use std::sync::Arc;

use holdfast_engine::port::{
    Change, Clock, CommitError, Conflict, Item, Journal, Key, Outgoing, Page, PortError, QueueName,
    Table, Write,
};
use jiff::Timestamp;
use rusqlite::Connection;

use super::Store;
use super::feed;
use super::items;
use super::queue::{Lines, NewMessage, accept, refuse_unfit};
use super::work::Work;
use crate::observer::Moment;

/// The largest item, its key included, in bytes; as in `DynamoDB`, so that what runs on one
/// machine also runs there.
const MAX_ITEM: usize = 400 * 1024;

/// The most writes of a transaction; likewise.
const MAX_WRITES: usize = 100;

/// The largest transaction in bytes; likewise.
const MAX_TRANSACTION: usize = 4 * 1024 * 1024;

/// Durable shared state in a store.
#[derive(Debug, Clone)]
pub struct SqliteJournal<C> {
    store: Store,
    clock: C,
}

impl<C: Clock> SqliteJournal<C> {
    /// The journal of a store; the clock stamps the messages of the change feed.
    #[must_use]
    pub fn new(store: Store, clock: C) -> Self {
        Self { store, clock }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Performs all writes and sends all messages, or neither.
    pub(crate) async fn commit_and_send(
        &self,
        writes: Vec<Write>,
        messages: Vec<Outgoing>,
    ) -> Result<(), CommitError> {
        refuse_oversize(&writes)?;
        refuse_repeats(&writes)?;
        refuse_unfit(&messages)?;
        if writes.is_empty() && messages.is_empty() {
            return Ok(());
        }
        let (now, lines) = (self.clock.now(), Arc::clone(self.store.lines()));
        let messages = messages.into_iter();
        let work = Commit {
            writes,
            messages: messages
                .map(|outgoing| accept(&lines, outgoing, now))
                .collect(),
            now,
            lines,
            feed: Vec::new(),
        };
        let conflicts = self.store.perform(work).await?;
        if conflicts.is_empty() {
            self.store.observe(Moment::Committed);
            Ok(())
        } else {
            Err(CommitError::Conflict(conflicts))
        }
    }
}

impl<C: Clock> Journal for SqliteJournal<C> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        self.store.read(|connection| {
            let read = |key| items::read(connection, key);
            keys.iter().map(read).collect()
        })
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.commit_and_send(writes, Vec::new()).await
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, PortError> {
        let limit = limit.max(1);
        let mut rows = self.store.read(|connection| {
            items::range(connection, (table, partition), prefix, after, limit)
        })?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| row.sort.clone());
        Ok(Page { rows, next })
    }
}

fn size(write: &Write) -> usize {
    let body = match &write.change {
        Change::Put(body) => body.len(),
        Change::Delete | Change::Check => 0,
    };
    write.key.partition.len() + write.key.sort.len() + body
}

fn refuse_oversize(writes: &[Write]) -> Result<(), PortError> {
    let sizes = || writes.iter().map(size);
    let fits = writes.len() <= MAX_WRITES
        && sizes().all(|size| size <= MAX_ITEM)
        && sizes().sum::<usize>() <= MAX_TRANSACTION;
    if fits {
        Ok(())
    } else {
        Err(PortError::TooLarge)
    }
}

/// A transaction names an item once: two conditions on one revision cannot both be right.
fn refuse_repeats(writes: &[Write]) -> Result<(), PortError> {
    let mut seen = BTreeSet::new();
    match writes.iter().find(|write| !seen.insert(&write.key)) {
        None => Ok(()),
        Some(write) => Err(PortError::Unavailable(format!(
            "a transaction writes `{}` twice",
            write.key.partition
        ))),
    }
}

struct Commit {
    writes: Vec<Write>,
    messages: Vec<NewMessage>,
    now: Timestamp,
    lines: Arc<Lines>,
    feed: Vec<NewMessage>,
}

impl Work for Commit {
    type Output = Vec<Conflict>;

    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<Self::Output> {
        self.feed.clear();
        let conflicts = items::conflicts(connection, &self.writes)?;
        if !conflicts.is_empty() {
            return Ok(conflicts);
        }
        for write in &self.writes {
            if let Some(queue) = feed::queue(write) {
                let old = items::read(connection, &write.key)?;
                let message = self.change(write, queue, old.as_ref());
                message.insert(connection)?;
                self.feed.push(message);
            }
            items::write(connection, write)?;
        }
        for message in &self.messages {
            message.insert(connection)?;
        }
        Ok(conflicts)
    }

    fn committed(self, conflicts: &Self::Output) {
        if conflicts.is_empty() {
            self.lines.arrived(self.feed, self.now);
            self.lines.arrived(self.messages, self.now);
        }
    }
}

impl Commit {
    fn change(&self, write: &Write, queue: QueueName, old: Option<&Item>) -> NewMessage {
        NewMessage {
            id: self.lines.next_id(),
            queue,
            tenant: feed::tenant(&write.key.partition).into(),
            visible_at: self.now,
            created: self.now,
            sent: self.now,
            body: feed::body(write, items::next_revision(write), old),
        }
    }
}
