//! What callers hand to the writing thread.

use holdfast_engine::port::PortError;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// Where the answer to a piece of work arrives, after its commit.
pub(crate) type Answer<T> = oneshot::Receiver<Result<T, PortError>>;

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

/// A part of a group, whatever its output.
pub(super) trait Command: Send {
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn committed(self: Box<Self>);
    fn failed(self: Box<Self>, error: PortError);
}

/// Work and who waits for it.
pub(super) struct Pending<W: Work> {
    work: W,
    output: Option<W::Output>,
    answer: oneshot::Sender<Result<W::Output, PortError>>,
}

impl<W: Work> Pending<W> {
    pub(super) fn new(work: W) -> (Box<Self>, Answer<W::Output>) {
        let (answer, receiver) = oneshot::channel();
        let pending = Self {
            work,
            output: None,
            answer,
        };
        (Box::new(pending), receiver)
    }
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
