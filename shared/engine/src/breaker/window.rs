//! Outcomes counted by the minute, over the last few minutes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::WINDOW;

/// The outcomes of one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Minutes since 1970.
    pub minute: i64,
    /// Attempts that succeeded.
    pub ok: u64,
    /// Attempts that failed.
    pub failed: u64,
}

/// Outcomes by the minute, in no order. A list, since a tagged item has no number as a key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Window(Vec<Bucket>);

impl Window {
    /// One outcome.
    #[must_use]
    pub fn of(ok: bool, at: Timestamp) -> Self {
        let mut window = Self::default();
        window.count(ok, at);
        window
    }

    /// Counts an outcome.
    pub fn count(&mut self, ok: bool, at: Timestamp) {
        self.put(Bucket {
            minute: minute(at),
            ok: u64::from(ok),
            failed: u64::from(!ok),
        });
    }

    /// Adds what was counted elsewhere, and forgets what is over.
    pub fn add(&mut self, other: &Self, now: Timestamp) {
        other.0.iter().for_each(|bucket| self.put(*bucket));
        self.forget(now);
    }

    /// Forgets the minutes before the window.
    pub fn forget(&mut self, now: Timestamp) {
        let minutes = i64::try_from(WINDOW.as_secs() / 60).unwrap_or(i64::MAX);
        let first = minute(now).saturating_sub(minutes);
        self.0.retain(|bucket| bucket.minute > first);
    }

    /// Attempts that succeeded and that failed.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        let add = |(ok, failed): (u64, u64), bucket: &Bucket| {
            (
                ok.saturating_add(bucket.ok),
                failed.saturating_add(bucket.failed),
            )
        };
        self.0.iter().fold((0, 0), add)
    }

    /// Whether anything failed lately.
    #[must_use]
    pub fn has_failures(&self, now: Timestamp) -> bool {
        let mut lately = self.clone();
        lately.forget(now);
        lately.totals().1 > 0
    }

    fn put(&mut self, more: Bucket) {
        let same = |bucket: &&mut Bucket| bucket.minute == more.minute;
        match self.0.iter_mut().find(same) {
            Some(bucket) => {
                bucket.ok = bucket.ok.saturating_add(more.ok);
                bucket.failed = bucket.failed.saturating_add(more.failed);
            }
            None => self.0.push(more),
        }
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn outcomes_of_one_minute_share_a_bucket_and_old_minutes_are_forgotten() {
        let mut window = Window::of(true, at(0));
        window.count(false, at(59));
        window.count(false, at(60));
        assert_eq!((window.totals(), window.0.len()), ((1, 2), 2));
        window.forget(at(299));
        assert_eq!(window.totals(), (1, 2), "the fifth minute is not over");
        window.forget(at(300));
        assert_eq!(window.totals(), (0, 1));
    }

    #[test]
    fn what_was_counted_elsewhere_lands_in_its_own_minute() {
        let mut window = Window::of(false, at(200));
        let mut late = Window::of(true, at(10));
        late.count(true, at(200));
        window.add(&late, at(310));
        assert_eq!(window.totals(), (1, 1), "the first minute is over");
    }
}
