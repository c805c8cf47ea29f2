//! Timers: armed once, fired when virtual time has come.

use holdfast_engine::port::{PortError, Timer, Timers};
use jiff::Timestamp;

use super::Shared;
use super::queue::push;

/// Timers in memory.
#[derive(Debug)]
pub struct MemoryTimers(Shared);

impl MemoryTimers {
    pub(super) fn new(shared: Shared) -> Self {
        Self(shared)
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.0
            .read(|state| state.timers.iter().map(|timer| timer.due).min())
    }

    /// The timers that are armed.
    #[must_use]
    pub fn armed(&self) -> Vec<Timer> {
        self.0.read(|state| state.timers.clone())
    }

    /// Sends the messages of the timers that are due, stamped now.
    pub fn fire(&self) {
        self.0.change(|state| {
            let now = state.now;
            let timers = std::mem::take(&mut state.timers);
            let (due, later) = timers.into_iter().partition(|timer| timer.due <= now);
            state.timers = later;
            let due: Vec<Timer> = due;
            for Timer { message, .. } in due {
                push(state, &message.queue, message.body, now, now);
            }
        });
    }
}

impl Timers for MemoryTimers {
    async fn arm(&self, timer: Timer) -> Result<(), PortError> {
        self.0.change(|state| {
            let same = |other: &Timer| {
                (&other.id, other.due, &other.message.tenant)
                    == (&timer.id, timer.due, &timer.message.tenant)
            };
            if !state.timers.iter().any(same) {
                state.timers.push(timer);
            }
        });
        Ok(())
    }
}
