//! What one process counted and did not add yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::Counts;
use crate::name::{SourceName, TenantName};

/// How long what was counted waits at most, where more comes.
const WAITS: Duration = Duration::from_secs(10);

/// How much is counted at most before it is added.
const MANY: u64 = 50;

/// Seconds of an hour.
const HOUR: i64 = 3600;

/// Where something is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The tenant.
    pub tenant: TenantName,
    /// The beginning of the hour.
    pub hour: Timestamp,
    /// The source.
    pub source: SourceName,
}

/// What one process counted and did not add yet.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    counts: BTreeMap<Slot, Counts>,
    weight: u64,
    added: Option<Timestamp>,
}

impl Tallies {
    /// Counts something of a source now.
    pub fn count(
        &self,
        tenant: &TenantName,
        source: &SourceName,
        now: Timestamp,
        count: impl FnOnce(&mut Counts),
    ) {
        let slot = Slot {
            tenant: tenant.clone(),
            hour: hour_of(now),
            source: source.clone(),
        };
        let mut kept = self.kept();
        let counts = kept.counts.entry(slot).or_default();
        let before = counts.weight();
        count(counts);
        let counted = counts.weight().saturating_sub(before);
        kept.weight = kept.weight.saturating_add(counted);
    }

    /// Whether what was counted is to be added now: the first of it at once, then every few
    /// seconds, or when it is much.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let kept = self.kept();
        let late = kept.added.is_none_or(|added| {
            let waited = Duration::try_from(now.duration_since(added)).unwrap_or_default();
            waited >= WAITS
        });
        !kept.counts.is_empty() && (late || kept.weight >= MANY)
    }

    /// Takes what was counted, to add it.
    pub(super) fn take(&self, now: Timestamp) -> BTreeMap<Slot, Counts> {
        let mut kept = self.kept();
        kept.added = Some(now);
        kept.weight = 0;
        std::mem::take(&mut kept.counts)
    }

    /// Takes back what could not be added.
    pub(super) fn put_back(&self, slot: Slot, counts: &Counts) {
        self.kept().counts.entry(slot).or_default().add(counts);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The beginning of the hour of a time.
pub(super) fn hour_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(HOUR)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn counted(tallies: &Tallies, second: i64, times: u64) {
        let (tenant, source) = ("t".parse().unwrap(), "form".parse().unwrap());
        tallies.count(&tenant, &source, at(second), |counts| {
            counts.passed += times;
        });
    }

    #[test]
    fn what_is_counted_belongs_to_its_hour() {
        let tallies = Tallies::default();
        for second in [3_599, 3_600, 7_199, -1] {
            counted(&tallies, second, 1);
        }
        let taken = tallies.take(at(7_200));
        let hours: Vec<_> = taken
            .iter()
            .map(|(slot, counts)| (slot.hour.as_second(), counts.passed))
            .collect();
        assert_eq!(hours, [(-3_600, 1), (0, 1), (3_600, 2)]);
    }

    #[test]
    fn the_first_is_due_at_once_and_the_next_after_a_while_or_when_it_is_much() {
        let tallies = Tallies::default();
        assert!(!tallies.is_due(at(0)), "there is nothing");
        counted(&tallies, 0, 1);
        assert!(tallies.is_due(at(0)));
        tallies.take(at(0));
        counted(&tallies, 1, 1);
        assert!(!tallies.is_due(at(9)));
        assert!(tallies.is_due(at(10)));
        counted(&tallies, 1, MANY);
        assert!(tallies.is_due(at(1)));
    }
}
