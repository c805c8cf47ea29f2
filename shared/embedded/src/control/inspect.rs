//! Reading across partitions, which rules never do and people must.

use holdfast_engine::name::{RecordType, TenantName};
use holdfast_engine::port::{PortError, Table};
use holdfast_engine::record::Record;
use holdfast_engine::route::EventEntry;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use crate::store::{Store, at, table_number};

const RECORDS: &str = "SELECT body FROM items WHERE tbl = ?1 AND partition >= ?2 \
     AND partition < ?3 AND sort = 'record' ORDER BY partition";
const EVENTS: &str = "SELECT body FROM items WHERE tbl = ?1 AND partition >= ?2 \
     AND partition < ?3 AND (sort = 'event' OR sort LIKE 'event#%') ORDER BY partition, sort";
const TIMERS: &str = "SELECT count(*) FROM timers";
const NEXT: &str = "SELECT due FROM timers ORDER BY due LIMIT 1";

/// The timers that are armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerCount {
    /// How many.
    pub armed: u64,
    /// When the next is due.
    pub next: Option<Timestamp>,
}

/// Every record of a type, deleted ones too.
///
/// # Errors
/// [`PortError`] when the store fails.
pub fn records(
    store: &Store,
    tenant: &TenantName,
    record_type: &RecordType,
) -> Result<Vec<Record>, PortError> {
    bodies(store, RECORDS, &format!("{tenant}#{record_type}#"))
}

/// Every event that was decided about, each once.
///
/// # Errors
/// [`PortError`] when the store fails.
pub fn events(store: &Store, tenant: &TenantName) -> Result<Vec<EventEntry>, PortError> {
    let mut events: Vec<EventEntry> = bodies(store, EVENTS, &format!("{tenant}#"))?;
    events.sort_by(|a, b| a.event.id.cmp(&b.event.id));
    events.dedup_by(|a, b| a.event.id == b.event.id);
    Ok(events)
}

/// The armed timers.
///
/// # Errors
/// [`PortError`] when the store fails.
pub fn timers(store: &Store) -> Result<TimerCount, PortError> {
    store.read(|connection| {
        let armed: i64 = connection.query_row(TIMERS, [], |row| row.get(0))?;
        let next = connection
            .query_row(NEXT, [], |row| at(row, 0))
            .optional()?;
        Ok(TimerCount {
            armed: armed.unsigned_abs(),
            next,
        })
    })
}

/// The journal's items under partitions that start with a prefix, which ends in `#`.
fn bodies<T: DeserializeOwned>(
    store: &Store,
    sql: &str,
    prefix: &str,
) -> Result<Vec<T>, PortError> {
    // `$` is the character after `#`.
    let end = format!("{}$", prefix.trim_end_matches('#'));
    let number = table_number(Table::Journal);
    let read = |connection: &Connection| {
        let mut statement = connection.prepare_cached(sql)?;
        let texts = statement.query_map(params![number, prefix, end], |row| row.get(0))?;
        texts.collect::<rusqlite::Result<Vec<String>>>()
    };
    let decode = |text: String| {
        serde_json::from_str(&text).map_err(|error| PortError::Unavailable(error.to_string()))
    };
    store.read(read)?.into_iter().map(decode).collect()
}
