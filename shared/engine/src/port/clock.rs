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
}
