//! Retry ladders: how long a step waits before each further attempt.

use std::time::Duration;

/// The most entries of a ladder: with fewer than a queue's receives before dead-lettering.
pub const MAX_ENTRIES: usize = 6;

/// The longest delay: a queue hides a message for 12 hours at most.
pub const MAX_DELAY: Duration = Duration::from_hours(11);

/// The longest that a queue hides a message, with a minute for getting there.
const MAX_HIDDEN: Duration = Duration::from_mins(12 * 60 - 1);

/// A delay up to a tenth shorter or longer, by a fraction of 0 to 1: what failed together does not
/// come back together. It is never shorter than the receiver asked for, nor longer than a queue
/// hides a message.
#[must_use]
pub fn jittered(delay: Duration, asked: Option<Duration>, fraction: f64) -> Duration {
    let least = asked.unwrap_or_default().min(delay);
    let spread = delay.mul_f64(0.9 + 0.2 * fraction);
    spread.max(least).min(MAX_HIDDEN)
}

/// The delays before the second, third, … attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder(Vec<Duration>);

impl Ladder {
    /// The ladder of a step that names none: 30 s, 2 min, 8 min.
    #[must_use]
    pub fn standard() -> Self {
        Self([30, 120, 480].map(Duration::from_secs).to_vec())
    }

    /// No further attempt.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// A ladder for calls that people wait for: 5, 25, 125 s.
    #[must_use]
    pub fn quick() -> Self {
        Self([5, 25, 125].map(Duration::from_secs).to_vec())
    }

    /// A ladder of these delays.
    ///
    /// # Errors
    /// [`InvalidLadder`] when it has too many entries or too long a delay.
    pub fn new(delays: Vec<Duration>) -> Result<Self, InvalidLadder> {
        if delays.len() > MAX_ENTRIES {
            return Err(InvalidLadder::TooManyEntries(delays.len()));
        }
        match delays.iter().find(|delay| **delay > MAX_DELAY) {
            Some(delay) => Err(InvalidLadder::TooLong(*delay)),
            None => Ok(Self(delays)),
        }
    }

    /// The delay after this attempt (from 1) failed; `None` when the ladder is exhausted.
    #[must_use]
    pub fn delay_after(&self, attempt: u32) -> Option<Duration> {
        let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
        self.0.get(index).copied()
    }
}

/// Why a list of delays is not a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLadder {
    /// The queue would dead-letter the message first.
    #[error("{0} entries, at most {MAX_ENTRIES}")]
    TooManyEntries(usize),
    /// A queue cannot hide a message for so long.
    #[error("a delay of {}s, at most {}s (11 hours)", .0.as_secs(), MAX_DELAY.as_secs())]
    TooLong(Duration),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_ladder_waits_three_times_and_is_then_exhausted() {
        let seconds: Vec<_> = (0..=4)
            .map(|attempt| Ladder::standard().delay_after(attempt).map(|d| d.as_secs()))
            .collect();
        assert_eq!(seconds, [None, Some(30), Some(120), Some(480), None]);
    }

    #[test]
    fn a_delay_is_spread_by_a_tenth() {
        let minutes = |fraction| jittered(Duration::from_mins(10), None, fraction).as_secs();
        assert_eq!((minutes(0.0), minutes(0.5), minutes(1.0)), (540, 600, 660));
    }

    #[test]
    fn nobody_is_called_sooner_than_they_asked() {
        let asked = Duration::from_mins(10);
        for fraction in [0.0, 0.3, 0.99] {
            assert!(jittered(asked, Some(asked), fraction) >= asked);
        }
        let ladder = Duration::from_mins(30);
        assert_eq!(jittered(ladder, Some(asked), 0.0), Duration::from_mins(27));
    }

    #[test]
    fn the_longest_delay_with_its_jitter_is_one_that_a_queue_can_keep() {
        let longest = jittered(MAX_DELAY, Some(MAX_DELAY), 1.0);
        assert!(longest < Duration::from_hours(12), "{longest:?}");
    }

    #[test]
    fn a_ladder_that_outlasts_the_queue_is_refused() {
        assert!(Ladder::new(vec![Duration::from_secs(1); 7]).is_err());
        assert!(Ladder::new(vec![MAX_DELAY + Duration::from_secs(1)]).is_err());
        assert!(Ladder::new(vec![MAX_DELAY; 6]).is_ok());
    }
}
