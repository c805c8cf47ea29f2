//! The rule: who may call when.

use std::time::Duration;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::{Deserialize, Serialize};

use super::after;
use crate::port::Key;

/// What a rate has given away: an item of the claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bucket {
    /// The first moment that nobody has taken.
    pub free: Timestamp,
    /// The end of the line: when the next one who finds no moment comes back.
    pub tail: Timestamp,
}

/// A rate that a step keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its bucket.
    pub key: Key,
    /// The time from one call to the next.
    pub interval: Duration,
}

/// Somebody who is about to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// The time now.
    pub now: Timestamp,
    /// What is due so soon is waited for on the spot.
    pub near: Duration,
    /// Whether it has waited: it goes before those who have just come.
    pub waited: bool,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The moment to call at, in whole milliseconds; nobody else has it.
    At(Timestamp),
    /// When to come back, to ask again.
    ComeBack(Timestamp),
}

/// Takes a moment that every bucket has, or a place in the line of the one that keeps it waiting
/// the longest.
#[must_use]
pub fn grant(buckets: &mut [(Bucket, Duration)], asking: &Asking) -> Grant {
    let holding = buckets.iter_mut().filter(|(one, _)| one.holds(asking));
    if let Some((bucket, interval)) = holding.max_by_key(|(one, _)| one.end()) {
        let place = bucket.end();
        bucket.tail = after(place, *interval);
        return Grant::ComeBack(place);
    }
    let free = buckets.iter().map(|(one, _)| one.free).max();
    let at = free.map_or(asking.now, |free| free.max(asking.now));
    for (bucket, interval) in buckets {
        bucket.free = after(at, *interval);
    }
    Grant::At(whole(at))
}

impl Bucket {
    fn holds(&self, asking: &Asking) -> bool {
        let soon = after(asking.now, asking.near);
        self.free > soon || (self.tail > soon && !asking.waited)
    }

    fn end(&self) -> Timestamp {
        self.tail.max(self.free)
    }
}

/// The first whole millisecond that is not before a moment: so clocks count.
fn whole(at: Timestamp) -> Timestamp {
    let up = TimestampRound::new()
        .smallest(Unit::Millisecond)
        .mode(RoundMode::Ceil);
    at.round(up).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rate::Rate;

    const NEAR: Duration = Duration::from_millis(300);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + millis).unwrap()
    }

    fn asking(millis: i64, waited: bool) -> Asking {
        let (now, near) = (at(millis), NEAR);
        Asking { now, near, waited }
    }

    fn buckets<const N: usize>(rates: [&str; N]) -> [(Bucket, Duration); N] {
        rates.map(|rate| {
            let rate: Rate = rate.parse().unwrap();
            (Bucket::default(), rate.interval())
        })
    }

    #[test]
    fn moments_near_are_given_away_and_whoever_comes_then_gets_a_place_in_the_line() {
        let mut ten = buckets(["10/s"]);
        let mut ask = |millis, waited| grant(&mut ten, &asking(millis, waited));
        assert_eq!(ask(0, false), Grant::At(at(0)));
        assert_eq!(ask(0, false), Grant::At(at(102)));
        assert_eq!(ask(0, false), Grant::At(at(204)));
        assert_eq!(ask(0, false), Grant::ComeBack(at(306)));
        assert_eq!(ask(0, false), Grant::ComeBack(at(408)));
        assert_eq!(ask(100, false), Grant::ComeBack(at(510)), "not before them");
        assert_eq!(ask(306, true), Grant::At(at(306)));
        assert_eq!(ask(408, true), Grant::At(at(408)));
        assert_eq!(ask(5_000, false), Grant::At(at(5_000)), "nobody waits");
    }

    #[test]
    fn a_place_in_the_line_that_nobody_comes_for_is_given_to_the_next() {
        let mut ten = buckets(["10/s"]);
        for _ in 0..6 {
            let _ = grant(&mut ten, &asking(0, false));
        }
        assert_eq!(grant(&mut ten, &asking(900, true)), Grant::At(at(900)));
        assert_eq!(grant(&mut ten, &asking(900, false)), Grant::At(at(1002)));
    }

    #[test]
    fn two_rates_are_kept_both_and_the_line_is_that_of_the_slower() {
        let mut both = buckets(["10/s", "1/m"]);
        let first = grant(&mut both, &asking(0, false));
        assert_eq!(first, Grant::At(at(0)));
        let second = grant(&mut both, &asking(0, false));
        assert_eq!(second, Grant::ComeBack(at(60_020)));
        let [fast, _] = &mut both;
        let others = grant(std::slice::from_mut(fast), &asking(0, false));
        assert_eq!(others, Grant::At(at(102)), "others do not wait for it");
        let back = grant(&mut both, &asking(60_020, true));
        assert_eq!(back, Grant::At(at(60_020)));
    }

    #[test]
    fn no_bucket_holds_nobody() {
        assert_eq!(grant(&mut [], &asking(5, false)), Grant::At(at(5)));
    }

    /// The moments that are taken by whoever asks when, and whoever never comes back.
    fn taken(rate: &str, asks: Vec<(i64, bool)>) -> Result<Vec<Timestamp>, TestCaseError> {
        let mut one = buckets([rate]);
        let (mut now, mut taken) = (0, Vec::new());
        for (pause, waited) in asks {
            now += pause;
            if let Grant::At(moment) = grant(&mut one, &asking(now, waited)) {
                prop_assert!(moment >= at(now));
                taken.push(moment);
            }
        }
        Ok(taken)
    }

    /// The least time in which so many calls and one more are made.
    fn closest(mut calls: Vec<Timestamp>, many: usize) -> Option<i128> {
        calls.sort_unstable();
        let spreads = calls.windows(many + 1);
        let spreads = spreads.map(|pair| pair[many].duration_since(pair[0]).as_millis());
        spreads.min()
    }

    fn asks() -> impl Strategy<Value = Vec<(i64, bool)>> {
        prop::collection::vec((0..200_i64, any::<bool>()), 1..300)
    }

    proptest! {
        /// Each call is late by a time of its own, as long as the margin at most: in no window
        /// arrive more than the rate allows.
        #[test]
        fn no_window_has_more_calls_than_the_rate_allows_while_they_are_a_little_late(
            calls in 1..20_usize,
            asks in asks(),
            late in prop::collection::vec(0..=20_u64, 300),
        ) {
            let left = taken(&format!("{calls}/s"), asks)?;
            let arrived = left.iter().zip(late);
            let arrived = arrived.map(|(at, late)| after(*at, Duration::from_millis(late)));
            let closest = closest(arrived.collect(), calls);
            prop_assert!(closest.is_none_or(|least| least >= 1000), "{calls} and one in {closest:?} ms");
        }
    }
}
