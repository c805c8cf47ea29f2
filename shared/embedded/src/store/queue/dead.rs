//! Dead letters: listing them, and sending them again.

use std::sync::Arc;

use holdfast_engine::port::{
    Clock, DeadLetter, DeadLetters, MessageId, PortError, QueueName, Redrive,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::SqliteQueue;
use super::lines::Lines;
use super::message::{NewMessage, at, millis, number, text};
use crate::store::work::Work;

const LIST: &str = "SELECT id, tenant, created, sent, receives, dead_at, body FROM dead_letters \
     WHERE queue = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
const ARRIVED: &str = "SELECT id, tenant, created, sent, receives, dead_at, body \
     FROM dead_letters INDEXED BY dead_letters_by_time \
     WHERE queue = ?1 AND (dead_at, id) > (?2, ?3) ORDER BY dead_at, id LIMIT ?4";
const OLD: &str = "SELECT id, tenant, created, sent, receives, dead_at, body FROM dead_letters \
     WHERE queue = ?1 AND dead_at <= ?2 ORDER BY id LIMIT ?3";
const ONE: &str = "SELECT id, tenant, created, sent, receives, dead_at, body FROM dead_letters \
     WHERE queue = ?1 AND id = ?2";

/// Dead letters moved in one transaction.
const BATCH: usize = 256;

impl<C: Clock> DeadLetters for SqliteQueue<C> {
    fn queues(&self) -> Vec<QueueName> {
        let depths = self.depths().into_iter();
        depths.map(|depth| depth.queue).collect()
    }

    async fn list(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, PortError> {
        let after = after.and_then(number).unwrap_or(0);
        self.store
            .read(|connection| select(connection, LIST, queue, after, limit))
    }

    async fn arrived(
        &self,
        queue: &QueueName,
        (since, last): (Timestamp, &MessageId),
        limit: usize,
    ) -> Result<Vec<DeadLetter>, PortError> {
        let last = number(last).unwrap_or(0);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached(ARRIVED)?;
            let parameters = params![queue.as_str(), millis(since), last, limit];
            statement.query_map(parameters, letter)?.collect()
        })
    }

    async fn redrive(&self, queue: &QueueName, which: Redrive) -> Result<usize, PortError> {
        let now = self.clock.now();
        let mut total = 0;
        loop {
            let work = Move {
                queue: queue.clone(),
                which: which.clone(),
                now,
                lines: Arc::clone(self.store.lines()),
                moved: Vec::new(),
            };
            let moved = self.store.perform(work).await?;
            total += moved;
            if moved < BATCH {
                return Ok(total);
            }
        }
    }
}

fn select(
    connection: &Connection,
    sql: &str,
    queue: &QueueName,
    key: i64,
    limit: usize,
) -> rusqlite::Result<Vec<DeadLetter>> {
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    if statement.parameter_count() == 2 {
        return statement
            .query_map(params![queue.as_str(), key], letter)?
            .collect();
    }
    statement
        .query_map(params![queue.as_str(), key, limit], letter)?
        .collect()
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: text(row.get(0)?),
        tenant: row.get(1)?,
        created: at(row, 2)?,
        sent: at(row, 3)?,
        receives: row.get(4)?,
        dead_at: at(row, 5)?,
        body: row.get(6)?,
    })
}

struct Move {
    queue: QueueName,
    which: Redrive,
    now: Timestamp,
    lines: Arc<Lines>,
    moved: Vec<NewMessage>,
}

impl Move {
    fn letters(&self, connection: &Connection) -> rusqlite::Result<Vec<DeadLetter>> {
        match &self.which {
            Redrive::All => select(connection, OLD, &self.queue, millis(self.now), BATCH),
            Redrive::One(id) => {
                let id = number(id).unwrap_or(0);
                select(connection, ONE, &self.queue, id, 1)
            }
        }
    }

    fn resend(&self, letter: DeadLetter) -> NewMessage {
        NewMessage {
            id: self.lines.next_id(),
            queue: self.queue.clone(),
            tenant: letter.tenant.into(),
            visible_at: self.now,
            created: letter.created,
            sent: self.now,
            body: letter.body,
        }
    }
}

impl Work for Move {
    type Output = usize;

    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<usize> {
        self.moved.clear();
        let sql = "DELETE FROM dead_letters WHERE queue = ?1 AND id = ?2";
        for letter in self.letters(connection)? {
            let mut statement = connection.prepare_cached(sql)?;
            statement.execute(params![self.queue.as_str(), number(&letter.id)])?;
            let message = self.resend(letter);
            message.insert(connection)?;
            self.moved.push(message);
        }
        Ok(self.moved.len())
    }

    fn committed(self, moved: &usize) {
        let lane = self.lines.lane(&self.queue);
        let mut index = lane.line();
        index.dead = index
            .dead
            .saturating_sub(u64::try_from(*moved).unwrap_or(u64::MAX));
        drop(index);
        self.lines.arrived(self.moved, self.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn dead_letters_are_listed_as_they_arrived_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let insert = "INSERT INTO dead_letters VALUES \
             ('q', 1, 't', 0, 0, 8, 20, 'late'), ('q', 2, 't', 0, 0, 8, 10, 'early'), \
             ('q', 3, 't', 0, 0, 8, 20, 'latest'), ('r', 4, 't', 0, 0, 8, 5, 'other')";
        let write = move |connection: &Connection| connection.execute(insert, []).map(drop);
        store.write(write).await.unwrap();
        let queue = SqliteQueue::new(store.clone(), crate::clock::SystemClock);
        let list = async |at: Timestamp, id: &str, limit| {
            let id = MessageId(id.to_owned());
            let found = queue.arrived(&QueueName::of("q"), (at, &id), limit).await;
            let found = found.unwrap().into_iter().map(|letter| letter.body);
            found.collect::<Vec<_>>()
        };
        assert_eq!(list(Timestamp::MIN, "", 2).await, ["early", "late"]);
        let at = Timestamp::from_millisecond(20).unwrap();
        assert_eq!(list(at, "", 10).await, ["late", "latest"]);
        assert_eq!(list(at, "1", 10).await, ["latest"]);
    }
}
