//! Moving the write-ahead log into the database, beside the writer and not in its way.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::connection::Location;

/// Pages of log (4 KiB each) from which a checkpoint runs beside the writer.
const SOFT_LIMIT: i32 = 2_000;

/// Pages of log from which the writer finishes a checkpoint itself: under constant load the one
/// beside it never catches the log's end, and the log would grow without bounds.
const HARD_LIMIT: i32 = 8_000;

/// The checkpointing thread and what the writer knows of the log.
pub(crate) struct Checkpoints {
    pages: Arc<AtomicI32>,
    requests: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(crate) fn start(location: Location) -> io::Result<Self> {
        let (requests, receiver) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || serve(&location, &receiver))?;
        Ok(Self {
            pages: Arc::default(),
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// Counts the pages of log that this connection's commits leave.
    pub(crate) fn watch(&self, connection: &mut Connection) {
        let pages = Arc::clone(&self.pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(count, Ordering::Relaxed);
            Ok(())
        };
        if let Err(error) = connection.wal_hook(Some(hook)) {
            tracing::warn!(error = %error, "log size is not watched");
        }
    }

    pub(crate) fn after_commit(&self, writer: &Connection) {
        match self.pages.load(Ordering::Relaxed) {
            HARD_LIMIT.. => run(writer),
            SOFT_LIMIT.. => self.request(),
            _ => {}
        }
    }

    fn request(&self) {
        if let Some(requests) = &self.requests {
            // A full channel means that one is about to run.
            let _ = requests.try_send(());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(location: &Location, requests: &Receiver<()>) {
    while requests.recv().is_ok() {
        match location.writer() {
            Ok(connection) => serve_with(&connection, requests),
            Err(error) => tracing::warn!(error = %error, "checkpoint did not start"),
        }
    }
}

fn serve_with(connection: &Connection, requests: &Receiver<()>) {
    run(connection);
    while requests.recv().is_ok() {
        run(connection);
    }
}

/// A failed checkpoint loses nothing: the log keeps its pages, and a later one moves them.
fn run(connection: &Connection) {
    if let Err(error) = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
        tracing::warn!(error = %error, "checkpoint failed");
    }
}
