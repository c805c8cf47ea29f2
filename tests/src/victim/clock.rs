//! The system's time, which skips what nobody would do anything in.

use std::time::Duration;

use holdfast_embedded::clock::SystemClock;
use holdfast_engine::port::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A clock that may be set forward. Clones share one time.
#[derive(Debug, Clone)]
pub struct SkippingClock(watch::Sender<Duration>);

impl Default for SkippingClock {
    fn default() -> Self {
        Self(watch::Sender::new(Duration::ZERO))
    }
}

impl SkippingClock {
    /// Sets it forward; sleepers that are due wake.
    pub fn skip(&self, time: Duration) {
        self.0.send_modify(|ahead| *ahead += time);
    }
}

impl Clock for SkippingClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + *self.0.borrow()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        let due = self.now().saturating_add(duration);
        self.sleep_until(due.unwrap_or(Timestamp::MAX))
    }

    async fn sleep_until(&self, due: Timestamp) {
        let mut skipped = self.0.subscribe();
        loop {
            let left = due.duration_since(self.now()).max(SignedDuration::ZERO);
            tokio::select! {
                () = tokio::time::sleep(left.unsigned_abs()) => return,
                changed = skipped.changed() => if changed.is_err() { return },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_is_skipped() {
        let clock = SkippingClock::default();
        let day = Duration::from_hours(24);
        let before = clock.now();
        tokio::join!(clock.sleep(day), async { clock.skip(day) });
        assert!(clock.now() >= before + day);
    }
}
