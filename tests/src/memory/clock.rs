//! Virtual time: it passes when a test says so, and a sleeper ends when its time has come.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use holdfast_engine::port::Clock;
use jiff::Timestamp;

use super::Shared;

/// A clock that a test moves.
#[derive(Debug)]
pub struct ManualClock(Shared);

impl ManualClock {
    pub(super) fn new(shared: Shared) -> Self {
        Self(shared)
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.0
            .change(|state| state.now = state.now.saturating_add(by).unwrap_or(state.now));
    }

    /// Lets time pass until a moment; time never goes back.
    pub fn advance_to(&self, moment: Timestamp) {
        self.0.change(|state| state.now = state.now.max(moment));
    }

    /// When the next sleeper wakes whose time is yet to come.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.0.read(|state| {
            let later = state.sleepers.values().filter(|due| **due > state.now);
            later.min().copied()
        })
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.read(|state| state.now)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        Sleep {
            shared: self.0.clone(),
            duration,
            sleeper: None,
        }
    }
}

/// A wait for virtual time. Whoever polls it moves the clock, so it is to be polled whenever what
/// it is part of is.
#[derive(Debug)]
struct Sleep {
    shared: Shared,
    duration: Duration,
    sleeper: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (sleeper, duration) = (self.sleeper, self.duration);
        let (sleeper, over) = self.shared.change(|state| {
            let id = sleeper.unwrap_or_else(|| {
                state.next_sleeper += 1;
                let due = state.now.saturating_add(duration).unwrap_or(state.now);
                state.sleepers.insert(state.next_sleeper, due);
                state.next_sleeper
            });
            let due = state.sleepers.get(&id);
            (id, due.is_none_or(|due| *due <= state.now))
        });
        self.sleeper = Some(sleeper);
        if over {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(sleeper) = self.sleeper {
            self.shared.change(|state| {
                state.sleepers.remove(&sleeper);
            });
        }
    }
}
