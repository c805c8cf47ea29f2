//! All queues of a store: the index in memory, built from the database when it is opened.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use holdfast_engine::port::QueueName;
use jiff::Timestamp;
use rusqlite::{Connection, Row};
use tokio::sync::Notify;

use super::line::Line;
use super::message::{Message, NewMessage, at};
use super::unruly::Unruly;

/// Bytes of message bodies kept in memory; those beyond are read when they are received.
const MAX_CACHED: usize = 32 * 1024 * 1024;

/// Ids count up from the number of the store's opening, so that none is ever used twice.
const IDS_PER_BOOT: i64 = 1 << 40;

/// One queue and what wakes its receivers.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    line: Mutex<Line>,
    pub(crate) changes: Notify,
}

impl Lane {
    pub(crate) fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Lines {
    lanes: RwLock<BTreeMap<QueueName, Arc<Lane>>>,
    ids: AtomicI64,
    cached: AtomicUsize,
    arrivals: AtomicU64,
    pub(crate) emptied: Notify,
    unruly: Option<Unruly>,
}

impl Lines {
    /// Rebuilds the index. Nothing is in flight: who held a message is gone. Until a clock tells
    /// the time, all are hidden.
    pub(crate) fn load(
        connection: &Connection,
        boot: i64,
        unruly: Option<Unruly>,
    ) -> rusqlite::Result<Self> {
        let lines = Self {
            ids: AtomicI64::new(boot.saturating_mul(IDS_PER_BOOT)),
            unruly,
            ..Self::default()
        };
        lines.load_messages(connection)?;
        lines.load_dead(connection)?;
        Ok(lines)
    }

    fn load_messages(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "SELECT id, queue, tenant, visible_at, created, sent, receives FROM messages \
             ORDER BY id";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let lane = self.lane(&QueueName::of(&row.get::<_, String>(1)?));
            let message = message(row)?;
            lane.line()
                .insert(row.get(0)?, message, at(row, 3)?, Timestamp::MIN);
        }
        Ok(())
    }

    fn load_dead(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "SELECT queue, count(*) FROM dead_letters GROUP BY queue";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let lane = self.lane(&QueueName::of(&row.get::<_, String>(0)?));
            lane.line().dead = row.get::<_, i64>(1)?.unsigned_abs();
        }
        Ok(())
    }

    pub(crate) fn next_id(&self) -> i64 {
        self.ids.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn lane(&self, queue: &QueueName) -> Arc<Lane> {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(queue) {
            return Arc::clone(lane);
        }
        drop(lanes);
        let mut lanes = self.lanes.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lanes.entry(queue.clone()).or_insert_with(|| {
            let lane = Lane::default();
            lane.line().disorder = self.unruly.and_then(|unruly| unruly.disorder(queue));
            Arc::new(lane)
        }))
    }

    /// What the queues do to messages on purpose.
    pub(crate) fn unruly(&self) -> Option<Unruly> {
        self.unruly
    }

    /// Every queue that was named so far, in the order of their names.
    pub(crate) fn all(&self) -> Vec<(QueueName, Arc<Lane>)> {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        let pair = |(name, lane): (&QueueName, &Arc<Lane>)| (name.clone(), Arc::clone(lane));
        lanes.iter().map(pair).collect()
    }

    /// How many messages arrived since the store was opened.
    pub(crate) fn arrivals(&self) -> u64 {
        self.arrivals.load(Ordering::SeqCst)
    }

    /// Shows committed messages to the receivers.
    pub(crate) fn arrived(&self, messages: Vec<NewMessage>, now: Timestamp) {
        for message in messages {
            let lane = self.lane(&message.queue);
            let body = self.cache(message.body);
            let known = Message {
                tenant: message.tenant,
                created: message.created,
                sent: message.sent,
                receives: 0,
                body,
            };
            lane.line()
                .insert(message.id, known, message.visible_at, now);
            self.arrivals.fetch_add(1, Ordering::SeqCst);
            if message.visible_at <= now {
                lane.changes.notify_one();
            } else {
                lane.changes.notify_waiters();
            }
        }
    }

    fn cache(&self, body: String) -> Option<String> {
        let before = self.cached.fetch_add(body.len(), Ordering::Relaxed);
        if before + body.len() <= MAX_CACHED {
            return Some(body);
        }
        self.uncached(&body);
        None
    }

    /// Counts a body as no longer kept here.
    pub(crate) fn uncached(&self, body: &str) {
        self.cached.fetch_sub(body.len(), Ordering::Relaxed);
    }
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        tenant: row.get::<_, String>(2)?.into(),
        created: at(row, 4)?,
        sent: at(row, 5)?,
        receives: row.get(6)?,
        body: None,
    })
}
