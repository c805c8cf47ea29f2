//! A message, in the database and in memory.

use std::sync::Arc;

use holdfast_engine::port::{MessageId, QueueName};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

const INSERT: &str = "INSERT INTO messages \
     (id, queue, tenant, visible_at, created, sent, receives, body) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)";
const DEAD: &str = "INSERT INTO dead_letters \
     SELECT queue, id, tenant, created, sent, ?2, ?3, body FROM messages WHERE id = ?1";

/// A time as it is stored.
pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// A stored time.
pub(crate) fn at(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let millis: i64 = row.get(column)?;
    Timestamp::from_millisecond(millis)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, millis))
}

/// A message about to be written.
#[derive(Debug)]
pub(crate) struct NewMessage {
    pub(crate) id: i64,
    pub(crate) queue: QueueName,
    pub(crate) tenant: Arc<str>,
    pub(crate) visible_at: Timestamp,
    pub(crate) created: Timestamp,
    pub(crate) sent: Timestamp,
    pub(crate) body: String,
}

impl NewMessage {
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(INSERT)?;
        statement.execute(params![
            self.id,
            self.queue.as_str(),
            &*self.tenant,
            millis(self.visible_at),
            millis(self.created),
            millis(self.sent),
            self.body,
        ])?;
        Ok(())
    }
}

/// A message as the index in memory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) tenant: Arc<str>,
    pub(crate) created: Timestamp,
    pub(crate) sent: Timestamp,
    /// Receives so far.
    pub(crate) receives: u32,
    /// Kept while there is room, else read when it is received.
    pub(crate) body: Option<String>,
}

/// The text of an id.
pub(crate) fn text(id: i64) -> MessageId {
    MessageId(id.to_string())
}

/// The id in a text; a text that is no id names no message.
pub(crate) fn number(id: &MessageId) -> Option<i64> {
    id.0.parse().ok()
}

pub(crate) fn delete(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("DELETE FROM messages WHERE id = ?1")?;
    statement.execute([id]).map(drop)
}

/// Writes down when the message is visible again and how often it was received.
pub(crate) fn hide(
    connection: &Connection,
    id: i64,
    until: Timestamp,
    receives: u32,
) -> rusqlite::Result<()> {
    let sql = "UPDATE messages SET visible_at = ?2, receives = ?3 WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = params![id, millis(until), receives];
    statement.execute(parameters).map(drop)
}

/// Moves the message to the dead letters.
pub(crate) fn bury(
    connection: &Connection,
    id: i64,
    receives: u32,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(DEAD)?;
    statement.execute(params![id, receives, millis(now)])?;
    delete(connection, id)
}

pub(crate) fn body(connection: &Connection, id: i64) -> rusqlite::Result<String> {
    let mut statement = connection.prepare_cached("SELECT body FROM messages WHERE id = ?1")?;
    statement.query_row([id], |row| row.get(0))
}
