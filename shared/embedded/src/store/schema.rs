//! The tables, and the version of their format.

use rusqlite::{Connection, TransactionBehavior};

/// The newest format that this program knows.
pub(crate) const VERSION: i64 = 1;

/// Items lie in the order in which they were written, found by an index of their keys: bodies of
/// one group of writes share pages, whatever their partitions, and no body spills out of an index.
const TABLES: &str = "
CREATE TABLE items (
    id        INTEGER PRIMARY KEY,
    tbl       INTEGER NOT NULL,
    partition TEXT NOT NULL,
    sort      TEXT NOT NULL,
    revision  INTEGER NOT NULL,
    body      TEXT NOT NULL,
    UNIQUE (tbl, partition, sort)
) STRICT;
CREATE INDEX open_operations ON items (partition)
    WHERE tbl = 3 AND json_extract(body, '$.status') <> 'closed';
CREATE TABLE messages (
    id         INTEGER PRIMARY KEY,
    queue      TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    sent       INTEGER NOT NULL,
    receives   INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE TABLE dead_letters (
    queue    TEXT NOT NULL,
    id       INTEGER NOT NULL,
    tenant   TEXT NOT NULL,
    created  INTEGER NOT NULL,
    sent     INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    dead_at  INTEGER NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (queue, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX dead_letters_by_time ON dead_letters (queue, dead_at, id);
CREATE TABLE timers (
    due    INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    id     TEXT NOT NULL,
    queue  TEXT NOT NULL,
    delay  INTEGER NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (due, tenant, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE texts (
    hash TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE manifests (
    pack  TEXT NOT NULL,
    hash  TEXT NOT NULL,
    files TEXT NOT NULL,
    PRIMARY KEY (pack, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE publications (
    tenant TEXT NOT NULL,
    pack   TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    hash   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, pack, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE live (
    tenant TEXT NOT NULL,
    pack   TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (tenant, pack)
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (
    tenant    TEXT NOT NULL,
    pack      TEXT NOT NULL,
    name      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    set_by    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    old_value TEXT,
    new_value TEXT,
    PRIMARY KEY (tenant, pack, name, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE boots (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    boot INTEGER NOT NULL
) STRICT;
INSERT INTO boots VALUES (1, 0);
";

/// The format of a database; 0: it is empty.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Creates the tables of an empty database.
pub(crate) fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Counts this opening of the store: what an earlier one left half done can be told apart.
pub(crate) fn boot(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "UPDATE boots SET boot = boot + 1 RETURNING boot";
    connection.query_row(sql, [], |row| row.get(0))
}
