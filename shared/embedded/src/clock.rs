//! Time: the system's, and a virtual one that moves only when it is told to.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use holdfast_engine::port::Clock;
use jiff::{SignedDuration, Timestamp};

pub use holdfast_providers::machine::SystemClock;

/// A time `duration` later, in whole milliseconds (rounded up), at most the last one there is.
#[must_use]
pub(crate) fn later(from: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX);
    from.checked_add(SignedDuration::from_millis(millis))
        .unwrap_or(Timestamp::MAX)
}

/// Time that stands still until [`VirtualClock::advance`] moves it. Clones share one time.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    sleepers: BTreeMap<(Timestamp, u64), Option<Waker>>,
    next: u64,
}

impl VirtualClock {
    /// A clock that stands at this time.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            sleepers: BTreeMap::new(),
            next: 0,
        })))
    }

    /// Moves time forward; sleepers that are due wake in the order of their due times.
    pub fn advance(&self, duration: Duration) {
        let target = later(self.state().now, duration);
        self.advance_to(target);
    }

    /// Moves time forward to `target`; a target in the past changes nothing.
    pub fn advance_to(&self, target: Timestamp) {
        let due = self.state().pass(target);
        due.into_iter().for_each(Waker::wake);
    }

    /// When the next sleeper wakes.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.state().sleepers.keys().next().map(|(due, _)| *due)
    }

    /// Whether somebody sleeps until then.
    #[must_use]
    pub fn wakes_at(&self, due: Timestamp) -> bool {
        self.state().sleepers.keys().any(|(at, _)| *at == due)
    }

    fn sleeper(&self, state: &mut State, due: Timestamp) -> Sleep {
        let key = (due, state.next);
        state.next += 1;
        if due > state.now {
            state.sleepers.insert(key, None);
        }
        Sleep {
            clock: self.clone(),
            key,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pass(&mut self, target: Timestamp) -> Vec<Waker> {
        self.now = self.now.max(target);
        let later = self.sleepers.split_off(&(self.now, u64::MAX));
        let due = std::mem::replace(&mut self.sleepers, later);
        due.into_values().flatten().collect()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        let mut state = self.state();
        let due = later(state.now, duration);
        self.sleeper(&mut state, due)
    }

    fn sleep_until(&self, due: Timestamp) -> impl Future<Output = ()> + Send {
        self.sleeper(&mut self.state(), due)
    }
}

/// One sleeper; dropping it takes it off the clock.
struct Sleep {
    clock: VirtualClock,
    key: (Timestamp, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        state
            .sleepers
            .insert(self.key, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.state().sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn clock() -> VirtualClock {
        VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap())
    }

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_due_times() {
        let clock = clock();
        let (sender, receiver) = mpsc::channel();
        let sleeper = |seconds| {
            let (clock, sender) = (clock.clone(), sender.clone());
            let sleep = async move {
                clock.sleep(Duration::from_secs(seconds)).await;
                sender.send(seconds).unwrap();
            };
            Box::pin(sleep)
        };
        let (mut late, mut early) = (sleeper(20), sleeper(10));
        let poll = async |future: &mut Pin<Box<_>>| {
            tokio::select! { biased; () = future => {}, () = std::future::ready(()) => {} }
        };
        poll(&mut late).await;
        poll(&mut early).await;
        assert_eq!(
            clock.next_due(),
            Some(later(clock.now(), Duration::from_secs(10)))
        );
        clock.advance(Duration::from_secs(10));
        tokio::join!(early, poll(&mut late));
        clock.advance(Duration::from_secs(10));
        late.await;
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [10, 20]);
    }

    #[tokio::test]
    async fn a_dropped_sleeper_leaves_the_clock() {
        let clock = clock();
        drop(clock.sleep(Duration::from_secs(1)));
        assert_eq!(clock.next_due(), None);
    }

    #[tokio::test]
    async fn time_never_moves_back() {
        let clock = clock();
        let before = clock.now();
        clock.advance_to(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), before);
        clock.sleep(Duration::ZERO).await;
    }

    #[test]
    fn a_wait_beyond_the_calendar_ends_with_it() {
        assert_eq!(later(clock().now(), Duration::MAX), Timestamp::MAX);
    }

    #[test]
    fn the_system_clock_counts_whole_milliseconds() {
        assert_eq!(SystemClock.now().subsec_nanosecond() % 1_000_000, 0);
    }
}
