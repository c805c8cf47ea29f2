//! Connections to the database file, with the settings that durability rests on.

use std::path::PathBuf;

use rusqlite::{Connection, OpenFlags};

use super::folder::Durability;

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;

/// Pages that the writing connection keeps (16 MiB): the inner pages of the indexes and the tails
/// of the tables, so that a write seldom reads.
const CACHE_PAGES: i64 = 4_096;

/// Where the database is and how it is opened.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    pub(crate) path: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) vfs: Option<String>,
}

impl Location {
    /// Opens the connection that writes.
    pub(crate) fn writer(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = self.open(flags)?;
        let wal = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        connection.pragma_update_and_check(None, "journal_mode", "wal", wal)?;
        connection.pragma_update(None, "synchronous", self.durability.pragma())?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "cache_size", CACHE_PAGES)?;
        Ok(connection)
    }

    /// Opens a connection that only reads.
    pub(crate) fn reader(&self) -> rusqlite::Result<Connection> {
        self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn open(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match &self.vfs {
            None => Connection::open_with_flags(&self.path, flags)?,
            Some(vfs) => Connection::open_with_flags_and_vfs(&self.path, flags, vfs.as_str())?,
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}
