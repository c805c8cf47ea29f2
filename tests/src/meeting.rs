//! Two that meet at one call: the first stops before it, the second goes all the way, then the
//! first goes on.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::faulty::Faults;
use crate::memory::Condition;

/// More calls than any of the first ones makes.
const MAX_CALLS: u64 = 200;

/// More polls than the rest of one needs.
const MAX_POLLS: u32 = 100_000;

/// Something under way that stops before one of its calls.
pub struct Stalled<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    ended: Option<T>,
}

impl<'a, T> Stalled<'a, T> {
    /// Goes on to just before its n-th call of a port, from 1.
    pub fn before(call: u64, faults: &Faults, future: impl Future<Output = T> + 'a) -> Self {
        let (future, ended): (Pin<Box<dyn Future<Output = T> + 'a>>, _) = (Box::pin(future), None);
        let mut stalled = Self { future, ended };
        faults.interleave(true);
        for _ in 0..call {
            stalled.poll();
        }
        faults.interleave(false);
        stalled
    }

    /// Whether it ended before it came to that call.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Goes on to its end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn goes_on(mut self) -> T {
        for _ in 0..MAX_POLLS {
            self.poll();
            if let Some(ended) = self.ended {
                return ended;
            }
        }
        panic!("it does not end");
    }

    fn poll(&mut self) {
        if self.ended.is_none()
            && let Poll::Ready(ended) = self
                .future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
        {
            self.ended = Some(ended);
        }
    }
}

impl<T> fmt::Debug for Stalled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stalled").finish_non_exhaustive()
    }
}

/// What a meeting came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// Whether the first had ended before the call that it should stop at.
    pub over: bool,
    /// What is wrong in the end.
    pub wrong: Vec<String>,
}

/// What is wrong, by the call that the first stops at, where the journal does not look at these
/// conditions.
///
/// # Panics
/// When the first never ends.
pub fn meetings(meet: impl Fn(&[Condition], u64) -> Met, ignored: &[Condition]) -> Vec<String> {
    let mut all = Vec::new();
    for call in 1..MAX_CALLS {
        let Met { over, wrong } = meet(ignored, call);
        let wrong = wrong.into_iter();
        all.extend(wrong.map(|wrong| format!("stopped before call {call}: {wrong}")));
        if over {
            return all;
        }
    }
    panic!("the first makes over {MAX_CALLS} calls");
}
