//! Writing down what became of a message that was in flight.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::line::Entry;
use super::lines::Lane;
use super::message::{self, Message};
use crate::clock::later;
use crate::store::work::Work;

/// How long a message stays hidden whose end could not be written.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Settlement {
    pub(crate) id: i64,
    pub(crate) message: Message,
    pub(crate) entry: Entry,
    pub(crate) lane: Arc<Lane>,
    pub(crate) now: Timestamp,
}

impl Work for Settlement {
    type Output = ();

    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        match self.entry {
            Entry::Deleted => message::delete(connection, self.id),
            Entry::Hidden { until, receives } => {
                message::hide(connection, self.id, until, receives)
            }
            Entry::Dead { receives } => message::bury(connection, self.id, receives, self.now),
        }
    }

    /// The message is still in the log, so it comes again; one that is hidden never left.
    fn failed(self) {
        let mut message = self.message;
        let mut line = self.lane.line();
        match self.entry {
            Entry::Hidden { .. } => return,
            Entry::Deleted => message.receives = message.receives.saturating_sub(1),
            Entry::Dead { .. } => line.dead = line.dead.saturating_sub(1),
        }
        line.insert(self.id, message, later(self.now, PAUSE), self.now);
        drop(line);
        self.lane.changes.notify_waiters();
    }
}
