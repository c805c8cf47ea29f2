//! Connections for reading: each read is a snapshot and sees every answered write.

use std::sync::{Mutex, MutexGuard, PoisonError};

use holdfast_engine::port::PortError;
use rusqlite::Connection;

use super::connection::Location;
use super::error::port_error;

/// Connections kept open while nobody reads.
const MAX_IDLE: usize = 4;

#[derive(Debug)]
pub(crate) struct Readers {
    location: Location,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(location: Location) -> Self {
        Self {
            location,
            idle: Mutex::default(),
        }
    }

    /// Reads on the calling thread: microseconds, less than a hand-over to another would take.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, PortError> {
        let connection = self.take().map_err(|error| port_error(&error))?;
        let value = read(&connection).map_err(|error| port_error(&error))?;
        self.give_back(connection);
        Ok(value)
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle().pop();
        idle.map_or_else(|| self.location.reader(), Ok)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
