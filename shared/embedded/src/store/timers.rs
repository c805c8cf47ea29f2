//! Timers: messages that wait longer than a queue's delay allows.

use std::sync::Arc;

use holdfast_engine::port::{Clock, PortError, QueueName, Timer, Timers};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::Notify;

use super::Store;
use super::queue::{Lines, NewMessage, at, millis};
use super::work::Work;
use crate::clock::later;

const ARM: &str = "INSERT INTO timers (due, tenant, id, queue, delay, body) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
const DUE: &str = "SELECT due, tenant, id, queue, delay, body FROM timers \
     WHERE due <= ?1 ORDER BY due, tenant, id LIMIT ?2";
const DISARM: &str = "DELETE FROM timers WHERE due = ?1 AND tenant = ?2 AND id = ?3";
const NEXT: &str = "SELECT due FROM timers ORDER BY due LIMIT 1";

/// Timers fired in one transaction.
const BATCH: usize = 128;

/// The timers of a store.
#[derive(Debug, Clone)]
pub struct SqliteTimers<C> {
    store: Store,
    clock: C,
    armed: Arc<Notify>,
}

impl<C: Clock> Timers for SqliteTimers<C> {
    async fn arm(&self, timer: Timer) -> Result<(), PortError> {
        let write = move |connection: &Connection| arm(connection, &timer);
        self.store.write(write).await?;
        self.armed.notify_one();
        Ok(())
    }
}

impl<C: Clock> SqliteTimers<C> {
    /// The timers of a store, firing by this clock. Clones share the loop that fires.
    #[must_use]
    pub fn new(store: Store, clock: C) -> Self {
        Self {
            store,
            clock,
            armed: Arc::default(),
        }
    }

    /// When the next timer is due.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub fn next_due(&self) -> Result<Option<Timestamp>, PortError> {
        self.store.read(|connection| {
            let mut statement = connection.prepare_cached(NEXT)?;
            statement.query_row([], |row| at(row, 0)).optional()
        })
    }

    /// Sends the messages of all timers that are due at `now`, however long ago; each message is
    /// sent and its timer disarmed in one transaction. Returns how many fired.
    ///
    /// # Errors
    /// [`PortError`] when the store fails; some may have fired.
    pub async fn fire_due(&self, now: Timestamp) -> Result<usize, PortError> {
        let mut total = 0;
        loop {
            let work = Fire {
                now,
                lines: Arc::clone(self.store.lines()),
                messages: Vec::new(),
            };
            let fired = self.store.perform(work).await?;
            total += fired;
            if fired < BATCH {
                return Ok(total);
            }
        }
    }

    /// Waits until a timer is due, or for a minute at most, or until one was armed, and fires
    /// what is due: the body of the timer loop.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn tick(&self) -> Result<usize, PortError> {
        const LONGEST: std::time::Duration = std::time::Duration::from_mins(1);
        let armed = self.armed.notified();
        let latest = later(self.clock.now(), LONGEST);
        let due = self.next_due()?.map_or(latest, |due| due.min(latest));
        tokio::select! {
            () = self.clock.sleep_until(due) => {}
            () = armed => {}
        }
        self.fire_due(self.clock.now()).await
    }
}

fn arm(connection: &Connection, timer: &Timer) -> rusqlite::Result<()> {
    let message = &timer.message;
    let delay = i64::try_from(message.delay.as_millis()).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(ARM)?;
    let parameters = params![
        millis(timer.due),
        message.tenant.as_str(),
        timer.id,
        message.queue.as_str(),
        delay,
        message.body,
    ];
    statement.execute(parameters).map(drop)
}

struct Fire {
    now: Timestamp,
    lines: Arc<Lines>,
    messages: Vec<NewMessage>,
}

impl Fire {
    fn message(&self, row: &Row<'_>) -> rusqlite::Result<NewMessage> {
        let delay = std::time::Duration::from_millis(row.get::<_, i64>(4)?.unsigned_abs());
        Ok(NewMessage {
            id: self.lines.next_id(),
            queue: QueueName::of(&row.get::<_, String>(3)?),
            tenant: row.get::<_, String>(1)?.into(),
            visible_at: later(self.now, delay),
            created: self.now,
            sent: self.now,
            body: row.get(5)?,
        })
    }
}

impl Work for Fire {
    type Output = usize;

    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<usize> {
        self.messages.clear();
        let mut statement = connection.prepare_cached(DUE)?;
        let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![millis(self.now), limit])?;
        let mut fired = Vec::new();
        while let Some(row) = rows.next()? {
            fired.push((row.get(0)?, row.get(1)?, row.get(2)?));
            self.messages.push(self.message(row)?);
        }
        drop(rows);
        fired.iter().try_for_each(|key| disarm(connection, key))?;
        self.messages
            .iter()
            .try_for_each(|message| message.insert(connection))?;
        Ok(fired.len())
    }

    fn committed(self, _: &usize) {
        self.lines.arrived(self.messages, self.now);
    }
}

fn disarm(
    connection: &Connection,
    (due, tenant, id): &(i64, String, String),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(DISARM)?;
    statement.execute(params![due, tenant, id]).map(drop)
}
