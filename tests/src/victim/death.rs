//! The moment at which a victim ends itself, as `kill -9` would.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use holdfast_embedded::observer::{Moment, Observer};
use rustix::process::{Signal, getpid, kill_process};

/// The n-th of a kind of moment, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// Which kind.
    pub moment: Moment,
    /// Which of them.
    pub nth: u64,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{}", self.moment, self.nth)
    }
}

impl FromStr for Death {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (moment, nth) = text.split_once('/').ok_or(text)?;
        let moments = [
            Moment::Committed,
            Moment::Sent,
            Moment::Accepted,
            Moment::Handled,
        ];
        let named = moments
            .into_iter()
            .find(|known| format!("{known:?}") == moment);
        Ok(Self {
            moment: named.ok_or(text)?,
            nth: nth.parse().map_err(|_| text)?,
        })
    }
}

impl Death {
    /// Ends the process at its moment.
    #[must_use]
    pub fn observer(self) -> Observer {
        let seen = AtomicU64::new(0);
        Observer::new(move |moment| {
            if moment == self.moment && seen.fetch_add(1, Ordering::Relaxed) + 1 == self.nth {
                end();
            }
        })
    }
}

/// Nothing runs any more after this: the kernel ends every thread.
fn end() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    loop {
        std::thread::park();
    }
}
