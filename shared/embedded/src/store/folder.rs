//! The data folder: opening it, alone for writing or beside the process that writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_engine::port::PortError;
use rusqlite::Connection;

use super::OpenError;
use super::connection::Location;
use super::lock::DataLock;
use super::queue::{Lines, Unruly};
use super::readers::Readers;
use super::schema;
use super::work::{Plain, Work};
use super::writer::{Writer, closed};
use crate::observer::{Moment, Observer};

/// The database within the data folder.
const DATABASE: &str = "holdfast.db";

/// What an answered write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A power cut.
    #[default]
    Full,
    /// The end of the process, but no power cut: only for the test that proves that the test of
    /// power cuts can fail.
    ProcessOnly,
}

impl Durability {
    pub(crate) fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::ProcessOnly => "OFF",
        }
    }
}

/// How a store is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What an answered write survives.
    pub durability: Durability,
    /// A registered SQLite VFS; `None`: the operating system's files.
    pub vfs: Option<String>,
    /// What a test does at certain moments.
    pub observer: Observer,
    /// What the queues do to messages on purpose, in tests.
    pub unruly: Option<Unruly>,
}

/// An open data folder. Clones share it; the last one to go closes it.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

/// The order matters: the writer, last to close the database, leaves it without a log, and its
/// last group is written before the lock is released.
#[derive(Debug)]
struct Inner {
    readers: Readers,
    writer: Option<Writer>,
    lines: Arc<Lines>,
    boot: i64,
    observer: Observer,
    _lock: Option<DataLock>,
}

impl Store {
    /// Opens a data folder alone, creating it when there is none.
    ///
    /// # Errors
    /// [`OpenError`] when another process holds it, a newer program wrote it, or it is unusable.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_with(folder, Options::default())
    }

    /// Opens a data folder alone with other than the usual options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(folder: &Path, options: Options) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::Folder {
            path: folder.to_owned(),
            source,
        })?;
        let lock = DataLock::take(folder)?;
        let (observer, unruly) = (options.observer.clone(), options.unruly);
        let location = locate(folder, options);
        let mut connection = location.writer().map_err(database(&location.path))?;
        prepare(&mut connection, &location.path)?;
        let boot = schema::boot(&connection).map_err(database(&location.path))?;
        let lines = Lines::load(&connection, boot, unruly).map_err(database(&location.path))?;
        let writer =
            Writer::start(location.clone(), connection).map_err(|source| OpenError::Folder {
                path: folder.to_owned(),
                source,
            })?;
        Ok(Self(Arc::new(Inner {
            writer: Some(writer),
            readers: Readers::new(location),
            lines: Arc::new(lines),
            boot,
            observer,
            _lock: Some(lock),
        })))
    }

    /// Opens a data folder for reading, beside a process that writes or when none runs.
    ///
    /// # Errors
    /// [`OpenError`] when there is no store, or a newer program wrote it.
    pub fn open_read_only(folder: &Path) -> Result<Self, OpenError> {
        let location = locate(folder, Options::default());
        if !location.path.exists() {
            let path = location.path;
            return Err(OpenError::Missing { path });
        }
        let connection = location.reader().map_err(database(&location.path))?;
        if refuse_newer(&connection, &location.path)? == 0 {
            let path = location.path;
            return Err(OpenError::Missing { path });
        }
        let lines = Lines::load(&connection, 0, None).map_err(database(&location.path))?;
        Ok(Self(Arc::new(Inner {
            writer: None,
            readers: Readers::new(location),
            lines: Arc::new(lines),
            boot: 0,
            observer: Observer::default(),
            _lock: None,
        })))
    }

    /// How often the folder was opened for writing, this time included; 0 when only reading.
    #[must_use]
    pub fn boot(&self) -> i64 {
        self.0.boot
    }

    /// How many groups of writes were committed, each with one sync, since the folder was opened.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.0.writer.as_ref().map_or(0, Writer::commits)
    }

    pub(crate) fn observe(&self, moment: Moment) {
        self.0.observer.see(moment);
    }

    pub(crate) fn lines(&self) -> &Arc<Lines> {
        &self.0.lines
    }

    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, PortError> {
        self.0.readers.read(read)
    }

    /// Performs work in the next group and waits for its commit.
    pub(crate) async fn perform<W: Work>(&self, work: W) -> Result<W::Output, PortError> {
        let answer = self.writer()?.submit(work);
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Writes without an effect outside the database, and waits for the commit.
    pub(crate) async fn write<T: Send>(
        &self,
        write: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.perform(Plain(write)).await
    }

    /// Performs work after everything handed over before it, and does not wait.
    pub(crate) fn post<W: Work>(&self, work: W) {
        match self.writer() {
            Ok(writer) => drop(writer.submit(work)),
            Err(_) => work.failed(),
        }
    }

    fn writer(&self) -> Result<&Writer, PortError> {
        let read_only = || PortError::Unavailable("the store is open for reading".to_owned());
        self.0.writer.as_ref().ok_or_else(read_only)
    }
}

fn locate(folder: &Path, options: Options) -> Location {
    Location {
        path: folder.join(DATABASE),
        durability: options.durability,
        vfs: options.vfs,
    }
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    if refuse_newer(connection, path)? == 0 {
        schema::create(connection).map_err(database(path))?;
    }
    Ok(())
}

fn refuse_newer(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let found = schema::version(connection).map_err(database(path))?;
    if found > schema::VERSION {
        return Err(OpenError::TooNew {
            path: path.to_owned(),
            found,
            known: schema::VERSION,
        });
    }
    Ok(found)
}

fn database(path: &Path) -> impl FnOnce(rusqlite::Error) -> OpenError {
    let path: PathBuf = path.to_owned();
    move |source| OpenError::Database { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_opened_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let error = Store::open(folder.path()).unwrap_err();
        assert!(matches!(error, OpenError::Locked { .. }), "{error}");
        drop(store);
        Store::open(folder.path()).unwrap();
    }

    #[test]
    fn each_opening_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let boots: Vec<_> = (0..3)
            .map(|_| Store::open(folder.path()).unwrap().boot())
            .collect();
        assert_eq!(boots, [1, 2, 3]);
    }

    #[test]
    fn a_newer_format_is_refused_and_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path()).unwrap());
        let database = Connection::open(folder.path().join(DATABASE)).unwrap();
        database.pragma_update(None, "user_version", 99).unwrap();
        for error in [
            Store::open(folder.path()).unwrap_err(),
            Store::open_read_only(folder.path()).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(
                text.contains("format 99") && text.contains("newer program"),
                "{text}"
            );
        }
    }

    #[test]
    fn reading_an_empty_folder_creates_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = Store::open_read_only(folder.path()).unwrap_err();
        assert_eq!(error.code(), "StoreMissing");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_reader_beside_the_writer_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let _writer = Store::open(folder.path()).unwrap();
        let reader = Store::open_read_only(folder.path()).unwrap();
        let refused = reader.write(|_| Ok(())).await.unwrap_err();
        assert_eq!(refused.code(), "StoreUnavailable");
    }
}
