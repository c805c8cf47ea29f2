//! The one thread that writes: it commits what waits as one group, and answers after the commit.

use std::fmt;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use holdfast_engine::port::PortError;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::checkpoint::Checkpoints;
use super::connection::Location;
use super::error::{is_own_fault, port_error};

/// Commands in one transaction, at most: a group must not make its first member wait long.
const MAX_GROUP: usize = 256;

/// One caller's part of a group. Its condition is part of it: a part whose condition fails
/// writes nothing.
pub(crate) trait Work: Send + 'static {
    /// What the caller gets after the commit.
    type Output: Send;

    /// Writes; called again when another part of the group had to be taken out.
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<Self::Output>;

    /// Shows the commit to the rest of the process, before the caller is answered.
    fn committed(self, _output: &Self::Output)
    where
        Self: Sized,
    {
    }

    /// Takes back what was anticipated.
    fn failed(self)
    where
        Self: Sized,
    {
    }
}

/// Work without an effect outside the database.
pub(crate) struct Plain<F>(pub(crate) F);

impl<F, T> Work for Plain<F>
where
    F: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    T: Send,
{
    type Output = T;

    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<T> {
        (self.0)(connection)
    }
}

trait Command: Send {
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn committed(self: Box<Self>);
    fn failed(self: Box<Self>, error: PortError);
}

struct Pending<W: Work> {
    work: W,
    output: Option<W::Output>,
    answer: oneshot::Sender<Result<W::Output, PortError>>,
}

impl<W: Work> Command for Pending<W> {
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.output = Some(self.work.apply(connection)?);
        Ok(())
    }

    fn committed(self: Box<Self>) {
        if let Some(output) = self.output {
            self.work.committed(&output);
            // The caller may have stopped waiting: its write stands all the same.
            let _ = self.answer.send(Ok(output));
        }
    }

    fn failed(self: Box<Self>, error: PortError) {
        self.work.failed();
        let _ = self.answer.send(Err(error));
    }
}

type Group = Vec<Box<dyn Command>>;

/// The handle of the writing thread; dropping it writes what waits and ends the thread.
pub(crate) struct Writer {
    commands: Option<Sender<Box<dyn Command>>>,
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
        let mut scribe = Scribe {
            location,
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
            thread: Some(thread),
        })
    }

    /// Hands work over, in order; its answer comes after its commit.
    pub(crate) fn submit<W: Work>(
        &self,
        work: W,
    ) -> oneshot::Receiver<Result<W::Output, PortError>> {
        let (answer, receiver) = oneshot::channel();
        let pending = Box::new(Pending {
            work,
            output: None,
            answer,
        });
        if let Some(commands) = &self.commands
            && let Err(mpsc::SendError(command)) = commands.send(pending)
        {
            command.failed(closed());
        }
        receiver
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
                Ok(()) => return group.into_iter().for_each(Command::committed),
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
