//! The machine that a process runs on: its clock and its randomness.

use std::future::Future;
use std::time::Duration;

use holdfast_engine::port::{Clock, Entropy};
use jiff::Timestamp;

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port's home")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }
}

/// The randomness of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn bits(&self) -> u128 {
        let mut bytes = [0; 16];
        // The call fails only before the system's pool is filled, early at boot: wait for it, for
        // a guessable id is worse than a late one.
        while getrandom::fill(&mut bytes).is_err() {
            std::thread::yield_now();
        }
        u128::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_bits_differ() {
        assert_ne!(OsEntropy.bits(), OsEntropy.bits());
    }
}
