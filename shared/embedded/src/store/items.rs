//! Conditional writes of items, inside a transaction.

use holdfast_engine::port::{Change, Conflict, Expect, Item, Key, Row as ItemRow, Table, Write};
use rusqlite::{Connection, OptionalExtension, Row, params};

const READ: &str =
    "SELECT revision, body FROM items WHERE tbl = ?1 AND partition = ?2 AND sort = ?3";
const INSERT: &str =
    "INSERT INTO items (tbl, partition, sort, revision, body) VALUES (?1, ?2, ?3, ?4, ?5)";
const UPDATE: &str = "UPDATE items SET revision = ?4, body = ?5 \
     WHERE tbl = ?1 AND partition = ?2 AND sort = ?3";
const DELETE: &str = "DELETE FROM items WHERE tbl = ?1 AND partition = ?2 AND sort = ?3";
const RANGE: &str = "SELECT sort, revision, body FROM items \
     WHERE tbl = ?1 AND partition = ?2 AND sort >= ?3 ORDER BY sort";

/// The number under which a table's items are stored.
pub(crate) fn number(table: Table) -> i64 {
    match table {
        Table::Journal => 1,
        Table::Claims => 2,
        Table::Operations => 3,
    }
}

/// Reads one item.
pub(crate) fn read(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Item>> {
    let mut statement = connection.prepare_cached(READ)?;
    let parameters = params![number(key.table), key.partition, key.sort];
    statement
        .query_row(parameters, |row| item(row, 0))
        .optional()
}

fn revision(connection: &Connection, key: &Key) -> rusqlite::Result<Option<u64>> {
    let mut statement = connection.prepare_cached(READ)?;
    let parameters = params![number(key.table), key.partition, key.sort];
    statement
        .query_row(parameters, |row| row.get(0).map(i64::unsigned_abs))
        .optional()
}

/// The item in the columns `revision, body` from `column` on.
pub(crate) fn item(row: &Row<'_>, column: usize) -> rusqlite::Result<Item> {
    Ok(Item {
        revision: row.get(column).map(i64::unsigned_abs)?,
        body: row.get(column + 1)?,
    })
}

/// Rows of a partition from `prefix` on and after `after`, `limit` of them and one more if any.
pub(crate) fn range(
    connection: &Connection,
    (table, partition): (Table, &str),
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<ItemRow>> {
    let mut statement = connection.prepare_cached(RANGE)?;
    let start = after.map_or(prefix, |after| after.max(prefix));
    let mut rows = statement.query(params![number(table), partition, start])?;
    let mut found = Vec::new();
    while found.len() <= limit
        && let Some(row) = rows.next()?
    {
        let sort: String = row.get(0)?;
        if !sort.starts_with(prefix) {
            break;
        }
        if after != Some(sort.as_str()) {
            let item = item(row, 1)?;
            found.push(ItemRow { sort, item });
        }
    }
    Ok(found)
}

/// What was found where conditions fail; empty: all hold.
pub(crate) fn conflicts(
    connection: &Connection,
    writes: &[Write],
) -> rusqlite::Result<Vec<Conflict>> {
    let mut conflicts = Vec::new();
    for (index, write) in writes.iter().enumerate() {
        if !write.expect.holds(revision(connection, &write.key)?) {
            let found = read(connection, &write.key)?;
            conflicts.push(Conflict { index, found });
        }
    }
    Ok(conflicts)
}

/// The revision that a write leaves behind: of the item, or of its end.
pub(crate) fn next_revision(write: &Write) -> u64 {
    match write.expect {
        Expect::Absent => 1,
        Expect::Revision(revision) => revision.saturating_add(1),
    }
}

/// Writes; the conditions were checked.
pub(crate) fn write(connection: &Connection, write: &Write) -> rusqlite::Result<()> {
    let Key {
        table,
        partition,
        sort,
    } = &write.key;
    let table = number(*table);
    let revision = next_revision(write);
    match &write.change {
        Change::Check => {}
        Change::Delete => {
            let mut statement = connection.prepare_cached(DELETE)?;
            statement.execute(params![table, partition, sort])?;
        }
        Change::Put(body) => {
            let sql = if revision == 1 { INSERT } else { UPDATE };
            let revision = i64::try_from(revision).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(sql)?;
            statement.execute(params![table, partition, sort, revision, body])?;
        }
    }
    Ok(())
}
