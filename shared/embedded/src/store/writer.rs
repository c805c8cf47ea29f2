//! The one thread that writes: it commits what waits as one group, and answers after the commit.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use holdfast_engine::port::PortError;
use rusqlite::{Connection, TransactionBehavior};

use super::checkpoint::Checkpoints;
use super::connection::Location;
use super::error::{is_own_fault, port_error};
use super::work::{Answer, Command, Pending, Work};

/// Commands in one transaction, at most: a group must not make its first member wait long.
const MAX_GROUP: usize = 256;

type Group = Vec<Box<dyn Command>>;

/// The handle of the writing thread; dropping it writes what waits and ends the thread.
pub(crate) struct Writer {
    commands: Option<Sender<Box<dyn Command>>>,
    commits: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    pub(crate) fn start(location: Location, connection: Connection) -> io::Result<Self> {
        let (sender, commands) = mpsc::channel();
        let checkpoints = Checkpoints::start(location.clone())?;
        let commits = Arc::<AtomicU64>::default();
        let mut scribe = Scribe {
            location,
            commits: Arc::clone(&commits),
            connection: None,
            commands,
            checkpoints,
        };
        scribe.adopt(connection);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || scribe.run())?;
        Ok(Self {
            commands: Some(sender),
            commits,
            thread: Some(thread),
        })
    }

    /// How many groups were committed, each with one sync.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Hands work over, in order; its answer comes after its commit.
    pub(crate) fn submit<W: Work>(&self, work: W) -> Answer<W::Output> {
        let (pending, answer) = Pending::new(work);
        if let Some(commands) = &self.commands
            && let Err(mpsc::SendError(command)) = commands.send(pending)
        {
            command.failed(closed());
        }
        answer
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The answer to work that the writing thread did not take.
pub(crate) fn closed() -> PortError {
    PortError::Unavailable("the store is closed".to_owned())
}

/// The writing thread's own state.
struct Scribe {
    location: Location,
    commits: Arc<AtomicU64>,
    connection: Option<Connection>,
    commands: Receiver<Box<dyn Command>>,
    checkpoints: Checkpoints,
}

impl Scribe {
    fn run(mut self) {
        while let Ok(first) = self.commands.recv() {
            let mut group = vec![first];
            group.extend(self.commands.try_iter().take(MAX_GROUP - 1));
            self.commit(group);
            self.checkpoint();
        }
    }

    /// Commits the group without those parts that fail by their own fault.
    fn commit(&mut self, mut group: Group) {
        while !group.is_empty() {
            match self.attempt(&mut group) {
                Ok(()) => {
                    self.commits.fetch_add(1, Ordering::Relaxed);
                    return group.into_iter().for_each(Command::committed);
                }
                Err(Failure::Part(index, error)) => {
                    group.remove(index).failed(port_error(&error));
                }
                Err(Failure::Group(error)) => return self.give_up(group, &error),
            }
        }
    }

    fn attempt(&mut self, group: &mut Group) -> Result<(), Failure> {
        let connection = self.connection().map_err(Failure::Group)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Failure::Group)?;
        for (index, command) in group.iter_mut().enumerate() {
            command
                .apply(&transaction)
                .map_err(|error| Failure::of(index, error))?;
        }
        transaction.commit().map_err(Failure::Group)
    }

    /// After a failed commit or sync nothing is known of the connection's pages: it is closed,
    /// and the next group opens another.
    fn give_up(&mut self, group: Group, error: &rusqlite::Error) {
        tracing::error!(error = %error, writes = group.len(), "store write failed");
        self.connection = None;
        let answer = port_error(error);
        for command in group {
            command.failed(answer.clone());
        }
    }

    fn connection(&mut self) -> rusqlite::Result<&mut Connection> {
        if self.connection.is_none() {
            let connection = self.location.writer()?;
            self.adopt(connection);
        }
        self.connection
            .as_mut()
            .ok_or(rusqlite::Error::InvalidQuery)
    }

    fn adopt(&mut self, mut connection: Connection) {
        self.checkpoints.watch(&mut connection);
        self.connection = Some(connection);
    }

    fn checkpoint(&self) {
        if let Some(connection) = &self.connection {
            self.checkpoints.after_commit(connection);
        }
    }
}

enum Failure {
    /// One part is at fault; the others may be committed without it.
    Part(usize, rusqlite::Error),
    Group(rusqlite::Error),
}

impl Failure {
    fn of(index: usize, error: rusqlite::Error) -> Self {
        if is_own_fault(&error) {
            Self::Part(index, error)
        } else {
            Self::Group(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::store::work::Plain;
    use crate::store::{Durability, schema};

    fn writer(folder: &tempfile::TempDir) -> Writer {
        let location = Location {
            path: folder.path().join("test.db"),
            durability: Durability::Full,
            vfs: None,
        };
        let mut connection = location.writer().unwrap();
        schema::create(&mut connection).unwrap();
        Writer::start(location, connection).unwrap()
    }

    fn text(hash: &'static str) -> Plain<impl FnMut(&Connection) -> rusqlite::Result<usize>> {
        Plain(move |connection: &Connection| {
            connection.execute("INSERT INTO texts VALUES (?1, '')", [hash])
        })
    }

    /// Holds the writing thread, so that what is submitted meanwhile becomes one group.
    fn hold(writer: &Writer) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel();
        let wait = Plain(move |_: &Connection| {
            let _ = held.recv();
            Ok(())
        });
        drop(writer.submit(wait));
        release
    }

    #[tokio::test]
    async fn a_part_that_fails_by_its_own_fault_disturbs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        let release = hold(&writer);
        let hashes = ["a", "a", "b", "b", "c"];
        let answers: Vec<_> = hashes.map(|hash| writer.submit(text(hash))).into();
        drop(release);
        let mut written = Vec::new();
        for answer in answers {
            written.push(answer.await.unwrap().is_ok());
        }
        assert_eq!(written, [true, false, true, false, true]);
    }

    #[tokio::test]
    async fn what_was_handed_over_is_written_before_the_writer_ends() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        let answers = ["a", "b", "c"].map(|hash| writer.submit(text(hash)));
        drop(writer);
        for answer in answers {
            assert_eq!(answer.await.unwrap(), Ok(1));
        }
    }

    #[tokio::test]
    async fn parts_are_applied_in_the_order_they_were_handed_over() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder);
        let order = Arc::new(Mutex::new(Vec::new()));
        let release = hold(&writer);
        for number in 0..600 {
            let order = Arc::clone(&order);
            drop(writer.submit(Plain(move |_: &Connection| {
                order.lock().unwrap().push(number);
                Ok(())
            })));
        }
        drop(release);
        drop(writer);
        assert_eq!(*order.lock().unwrap(), (0..600).collect::<Vec<_>>());
    }
}
