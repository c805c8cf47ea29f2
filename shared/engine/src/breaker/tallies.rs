//! What one process remembers of breakers: what it saw of them, what it counted and did not write
//! yet, and where the next parked message goes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::step::after;
use super::{SPACING, State, Window};
use crate::port::{Item, Key};

/// How long a process trusts what it saw of a breaker: so long a stop takes at most to be seen.
const FRESH: Duration = Duration::from_secs(2);

/// How often a process tells a breaker with failures of its successes: those of a process that sees
/// no failure would else not count against the failures of another.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How long what waits keeps away from a breaker's probe, which it would only meet.
const LEAD: Duration = Duration::from_secs(30);

/// Over how long what waits comes back at most. A backlog that is larger comes back faster, and
/// the slots of the drain hold it.
const SPREAD: Duration = Duration::from_mins(15);

/// What one process remembers of breakers.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<BTreeMap<Key, Tally>>);

/// A breaker as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The state.
    pub state: State,
    /// The item; `None`: there is none, which means closed.
    pub item: Option<Item>,
}

#[derive(Debug, Default)]
struct Tally {
    seen: Seen,
    at: Option<Timestamp>,
    told: Option<Timestamp>,
    unwritten: Window,
    lane: Lane,
}

/// Where parked messages queue up: each a slot behind the one before.
#[derive(Debug, Default)]
struct Lane {
    from: Option<Timestamp>,
    tail: Option<Timestamp>,
}

impl Tallies {
    /// The breakers that must be read again before they are asked.
    #[must_use]
    pub fn stale<'k>(&self, keys: &'k [Key], now: Timestamp) -> Vec<&'k Key> {
        let tallies = self.tallies();
        let fresh = |key: &&Key| tallies.get(key).is_some_and(|tally| tally.is_fresh(now));
        keys.iter().filter(|key| !fresh(key)).collect()
    }

    /// Remembers what was read or written. An item that does not decode, as a newer version may
    /// write it, counts as closed: a breaker must not be what stops all work.
    pub fn saw(&self, key: &Key, item: Option<Item>, now: Timestamp) {
        let state = item
            .as_ref()
            .and_then(|item| serde_json::from_str(&item.body).ok());
        let state = state.unwrap_or_default();
        let mut tallies = self.tallies();
        let tally = tallies.entry(key.clone()).or_default();
        (tally.seen, tally.at) = (Seen { state, item }, Some(now));
    }

    /// A breaker as it was last seen.
    #[must_use]
    pub fn seen(&self, key: &Key) -> Seen {
        let tallies = self.tallies();
        tallies
            .get(key)
            .map(|tally| tally.seen.clone())
            .unwrap_or_default()
    }

    /// Counts a success in memory. `false`: the breaker is not healthy, and should hear of it.
    #[must_use]
    pub fn succeeded(&self, key: &Key, now: Timestamp) -> bool {
        let mut tallies = self.tallies();
        let tally = tallies.entry(key.clone()).or_default();
        tally.unwritten.count(true, now);
        tally.unwritten.forget(now);
        let told = tally.told.is_some_and(|at| now < after(at, TELL_EVERY));
        match &tally.seen.state {
            State::Closed { window, .. } => told || !window.has_failures(now),
            State::Open { .. } | State::HalfOpen { .. } | State::Stopped { .. } => false,
        }
    }

    /// Takes what was counted lately and not written.
    #[must_use]
    pub fn take(&self, key: &Key, now: Timestamp) -> Window {
        let mut tallies = self.tallies();
        let Some(tally) = tallies.get_mut(key) else {
            return Window::default();
        };
        tally.told = Some(now);
        let mut window = std::mem::take(&mut tally.unwritten);
        window.forget(now);
        window
    }

    /// Puts back what could not be written.
    pub fn put_back(&self, key: &Key, window: &Window, now: Timestamp) {
        let mut tallies = self.tallies();
        let tally = tallies.entry(key.clone()).or_default();
        tally.unwritten.add(window, now);
    }

    /// When a message should come back to a breaker that lets nothing through before `from`. The
    /// first comes back then, to be the probe, where the breaker is `open`; the others follow at
    /// the rate of the drain.
    #[must_use]
    pub fn queue_up(&self, key: &Key, from: Timestamp, open: bool) -> Timestamp {
        let mut tallies = self.tallies();
        let tally = tallies.entry(key.clone()).or_default();
        tally.lane.next(from, open)
    }

    fn tallies(&self) -> MutexGuard<'_, BTreeMap<Key, Tally>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.at.is_some_and(|at| now < after(at, FRESH))
    }
}

impl Lane {
    fn next(&mut self, from: Timestamp, open: bool) -> Timestamp {
        let start = if open { after(from, LEAD) } else { from };
        if open && self.from.is_none_or(|known| known < from) {
            self.from = Some(from);
            self.tail = Some(self.tail.map_or(start, |tail| tail.max(start)));
            return from;
        }
        let tail = self.tail.map_or(start, |tail| after(tail, SPACING));
        let tail = tail.max(start);
        let tail = if tail > after(start, SPREAD) {
            start
        } else {
            tail
        };
        self.tail = Some(tail);
        tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Table;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key() -> Key {
        Key {
            table: Table::Claims,
            partition: "t#breaker".to_owned(),
            sort: "connection#p/mail".to_owned(),
        }
    }

    #[test]
    fn a_breaker_is_read_again_after_a_short_while() {
        let (tallies, keys) = (Tallies::default(), [key()]);
        assert_eq!(tallies.stale(&keys, at(0)).len(), 1);
        tallies.saw(&keys[0], None, at(0));
        assert_eq!(tallies.stale(&keys, at(1)).len(), 0);
        assert_eq!(tallies.stale(&keys, at(2)).len(), 1);
    }

    #[test]
    fn what_waits_comes_back_one_by_one_behind_the_probe() {
        let tallies = Tallies::default();
        let dues: Vec<_> = (0..4)
            .map(|_| tallies.queue_up(&key(), at(900), true))
            .collect();
        let behind = |slots: u32| at(930) + SPACING * slots;
        assert_eq!(dues, [at(900), behind(1), behind(2), behind(3)]);
        assert_eq!(tallies.queue_up(&key(), at(901), false), behind(4));
        let next = tallies.queue_up(&key(), at(1800), true);
        assert_eq!(next, at(1800), "opened anew, it has a new probe");
    }

    #[test]
    fn a_backlog_of_any_size_comes_back_within_the_spread() {
        let tallies = Tallies::default();
        let last = (0..20_000).map(|_| tallies.queue_up(&key(), at(0), true));
        assert!(last.max().unwrap() <= after(at(30), SPREAD));
    }

    #[test]
    fn an_item_that_does_not_decode_stops_nothing() {
        let (tallies, revision) = (Tallies::default(), 7);
        let body = r#"{"state":"melted"}"#.to_owned();
        tallies.saw(&key(), Some(Item { revision, body }), at(0));
        let seen = tallies.seen(&key());
        assert_eq!((seen.state, seen.item.is_some()), (State::closed(), true));
    }

    #[test]
    fn successes_matter_to_others_only_while_failures_are_written() {
        let tallies = Tallies::default();
        tallies.saw(&key(), None, at(0));
        assert!(tallies.succeeded(&key(), at(60)), "healthy");
        let window = Window::of(false, at(60));
        let body = serde_json::to_string(&State::counting(window, 0)).unwrap();
        tallies.saw(&key(), Some(Item { revision: 1, body }), at(60));
        assert!(!tallies.succeeded(&key(), at(61)));
        assert_eq!(tallies.take(&key(), at(61)).totals(), (2, 0));
        assert!(tallies.succeeded(&key(), at(70)), "just told");
        assert!(!tallies.succeeded(&key(), at(71)));
        assert!(tallies.succeeded(&key(), at(400)), "it is long ago");
    }
}
