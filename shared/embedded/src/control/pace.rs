//! How fast something is done: never faster than asked, on the clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use holdfast_engine::port::Clock;
use jiff::{SignedDuration, Timestamp};

/// How much of a second's work is done at once, at most.
const PARTS: u32 = 4;

/// The most that is done at once.
const MOST: u32 = 50;

/// So many in a unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    unit: &'static str,
    each: Duration,
}

impl Rate {
    /// How many are done at once: a quarter of a second's work.
    #[must_use]
    pub fn batch(self) -> usize {
        let quarter = Duration::from_secs(1) / PARTS;
        let batch = quarter.as_nanos() / self.each.as_nanos().max(1);
        usize::try_from(batch.clamp(1, MOST.into())).unwrap_or(1)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.unit)
    }
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write a rate such as 5/s, 300/m or 1000/h";
        let (count, unit) = text.split_once('/').ok_or(wrong)?;
        let count = count.parse::<u32>().ok().filter(|count| *count > 0);
        let count = count.ok_or(wrong)?;
        let (unit, seconds) = match unit {
            "s" => ("s", 1),
            "m" => ("m", 60),
            "h" => ("h", 3_600),
            _ => return Err(wrong),
        };
        let each = Duration::from_secs(seconds) / count;
        Ok(Self { count, unit, each })
    }
}

/// Keeps a rate.
#[derive(Debug)]
pub struct Pace<C> {
    clock: C,
    each: Duration,
    next: Timestamp,
}

impl<C: Clock> Pace<C> {
    /// Begins now.
    pub fn new(clock: C, rate: Rate) -> Self {
        let next = clock.now();
        Self {
            clock,
            each: rate.each,
            next,
        }
    }

    /// Waits until so many more may be done. What took longer than its time is not made up for:
    /// that would be a burst.
    pub async fn admit(&mut self, count: usize) {
        let now = self.clock.now();
        if let Ok(wait) = Duration::try_from(self.next.duration_since(now))
            && !wait.is_zero()
        {
            self.clock.sleep(wait).await;
        }
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let taken = SignedDuration::try_from(self.each.saturating_mul(count));
        let begin = self.next.max(self.clock.now());
        let next = begin.saturating_add(taken.unwrap_or(SignedDuration::MAX));
        self.next = next.unwrap_or(Timestamp::MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use crate::clock::VirtualClock;

    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    /// Runs on virtual time, and says how long it took.
    async fn timed(clock: &VirtualClock, work: impl Future<Output = ()>) -> Duration {
        let begin = clock.now();
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                () = &mut work => return clock.now().duration_since(begin).unsigned_abs(),
                () = std::future::ready(()) => {
                    let due = clock.next_due().expect("it waits on the clock");
                    clock.advance_to(due);
                }
            }
        }
    }

    async fn seconds_for(text: &str, total: usize) -> f64 {
        let clock = VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap());
        let rate = rate(text);
        let work = async {
            let (mut pace, mut left) = (Pace::new(clock.clone(), rate), total);
            while left > 0 {
                let batch = rate.batch().min(left);
                pace.admit(batch).await;
                left -= batch;
            }
        };
        timed(&clock, work).await.as_secs_f64()
    }

    #[tokio::test]
    async fn ten_thousand_keep_the_rate() {
        let seconds = seconds_for("50/s", 10_000).await;
        assert!((199.0..=201.0).contains(&seconds), "{seconds}");
        let seconds = seconds_for("5/s", 100).await;
        assert!((19.0..=20.0).contains(&seconds), "{seconds}");
        let seconds = seconds_for("30/m", 10).await;
        assert!((18.0..=20.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test]
    async fn slow_work_is_not_made_up_for_by_a_burst() {
        let clock = VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap());
        let mut pace = Pace::new(clock.clone(), rate("1/s"));
        pace.admit(1).await;
        clock.advance(Duration::from_mins(1));
        pace.admit(1).await;
        let waited = timed(&clock, pace.admit(1)).await;
        assert_eq!(waited, Duration::from_secs(1));
    }

    #[test]
    fn a_rate_is_a_count_and_a_unit() {
        assert_eq!(rate("50/s").to_string(), "50/s");
        assert_eq!((rate("50/s").batch(), rate("300/m").batch()), (12, 1));
        assert_eq!(rate("100000/s").batch(), 50);
        for text in ["0/s", "5", "-1/s", "5/d", "/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
