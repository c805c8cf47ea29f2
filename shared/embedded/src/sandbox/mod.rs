//! The recording provider of development and tests: it accepts every kind of call, keeps what it
//! received in a file of its own, and honours keys unless told otherwise.
//!
//! A call is on disk before it is answered, so that the file is the receiver's side of the story
//! whatever happens to the caller.

mod behaviour;
mod delivery;
mod ledger;
mod line;
mod log;
mod provider;
mod remote;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_engine::name::ConnectionName;
use holdfast_engine::port::Clock;

use crate::observer::Observer;

pub use self::behaviour::{Behaviour, Drops, Reply};
pub use self::delivery::{Delivery, Kind};
use self::ledger::Ledger;
pub use self::remote::routes;
use self::writer::{Progress, Writer};

/// The name of the file in the data folder.
const FILE: &str = "sandbox.jsonl";

/// Why the sandbox's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It cannot be read or written.
    #[error("use {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line that is not the last cannot be read: not the trace of a crash.
    #[error("{path}: line {line} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
    },
}

/// The recording provider.
#[derive(Debug)]
pub struct Sandbox<C> {
    clock: C,
    path: PathBuf,
    writer: Writer,
    progress: Arc<Progress>,
    mood: Mutex<Mood>,
}

/// How the sandbox answers, as tests change it.
#[derive(Debug, Default)]
struct Mood {
    behaviour: Behaviour,
    observer: Observer,
    scripts: HashMap<ConnectionName, VecDeque<Reply>>,
    answers: u64,
}

impl<C: Clock> Sandbox<C> {
    /// Opens the sandbox of a data folder with everything that it received before; a last line
    /// that a crash left unfinished is cut off.
    ///
    /// # Errors
    /// [`SandboxError`] when the file cannot be used.
    pub fn open(folder: &Path, clock: C) -> Result<Self, SandboxError> {
        let path = folder.join(FILE);
        let failed = |source| SandboxError::File {
            path: path.clone(),
            source,
        };
        let mut ledger = Ledger::default();
        let log = log::open(&path, |line| ledger.apply(line))?;
        let progress = Arc::new(Progress::at(log.len()));
        let writer = Writer::start(log, ledger, Arc::clone(&progress)).map_err(failed)?;
        Ok(Self {
            clock,
            path,
            writer,
            progress,
            mood: Mutex::default(),
        })
    }

    /// Every accepted call, oldest first, with its repeats. Reads the file: not for a loop.
    ///
    /// # Errors
    /// [`SandboxError`] when the file cannot be read.
    pub fn deliveries(&self) -> Result<Vec<Delivery>, SandboxError> {
        let failed = |source| SandboxError::File {
            path: self.path.clone(),
            source,
        };
        let file = File::open(&self.path).map_err(failed)?;
        let mut deliveries = Vec::new();
        let durable = BufReader::new(file.take(self.progress.durable()));
        log::scan(&self.path, durable, |line| {
            delivery::fold(&mut deliveries, line);
        })?;
        Ok(deliveries)
    }

    /// How often the file was synced since it was opened.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.progress.syncs()
    }

    /// Changes how calls are answered from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.mood().behaviour = behaviour;
    }

    pub(crate) fn observed_by(&self, observer: Observer) {
        self.mood().observer = observer;
    }

    /// Queues answers for the next calls through a connection, before any other behaviour.
    pub fn answer_next(
        &self,
        connection: &ConnectionName,
        replies: impl IntoIterator<Item = Reply>,
    ) {
        let mut mood = self.mood();
        let script = mood.scripts.entry(connection.clone()).or_default();
        script.extend(replies);
    }

    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
