//! Time: all waiting in code goes through this port, so that tests run on virtual time.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

/// Time.
pub trait Clock: Send + Sync {
    /// The time now, in whole milliseconds.
    fn now(&self) -> Timestamp;

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;

    /// Waits until a time; not at all for one that is over. Whoever knows the time rather than
    /// the wait says it: a clock that goes on in between would add to the wait.
    fn sleep_until(&self, due: Timestamp) -> impl Future<Output = ()> + Send {
        let left = due.duration_since(self.now());
        self.sleep(Duration::try_from(left).unwrap_or_default())
    }
}
