//! Where the handlers of one process ask together: one of them writes for all who wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::{Grant, LATE, after};
use crate::port::{Item, Key};

/// How long a process trusts what it saw of its buckets: others write them, too.
const FRESH: Duration = Duration::from_secs(1);

/// How long a write may take before another handler writes.
const WRITING: Duration = Duration::from_millis(500);

/// What one process knows of buckets, and who of it asks them for a moment.
#[derive(Debug, Default)]
pub struct Desks(Mutex<BTreeMap<Vec<Key>, Desk>>);

/// The desk of a set of buckets.
#[derive(Debug, Default)]
struct Desk {
    seen: Option<(Timestamp, Vec<Option<Item>>)>,
    /// When somebody began to write.
    writing: Option<Timestamp>,
    waited: Line,
    fresh: Line,
}

/// Handlers who ask, and what was taken for them.
#[derive(Debug, Default)]
struct Line {
    asking: usize,
    taken: VecDeque<Grant>,
}

/// What a handler is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// This is its answer.
    Granted(Grant),
    /// Write for so many that have waited, and so many that have just come.
    Write {
        /// How many have waited.
        waited: usize,
        /// How many have just come.
        fresh: usize,
        /// The items as they were last seen; `None`: read them first.
        seen: Option<Vec<Option<Item>>>,
    },
    /// Another one writes: look again soon.
    Wait,
}

/// A handler that asks, until it is dropped.
#[derive(Debug)]
pub struct Asker<'d> {
    desks: &'d Desks,
    keys: Vec<Key>,
    waited: bool,
    writes: bool,
}

impl Desks {
    /// Says that a handler asks these buckets for a moment.
    #[must_use]
    pub fn ask(&self, keys: Vec<Key>, waited: bool) -> Asker<'_> {
        self.at(&keys, |desk| desk.line(waited).asking += 1);
        Asker {
            desks: self,
            keys,
            waited,
            writes: false,
        }
    }

    fn at<T>(&self, keys: &[Key], act: impl FnOnce(&mut Desk) -> T) -> T {
        let mut desks = self.desks();
        if let Some(desk) = desks.get_mut(keys) {
            return act(desk);
        }
        act(desks.entry(keys.to_vec()).or_default())
    }

    fn desks(&self) -> MutexGuard<'_, BTreeMap<Vec<Key>, Desk>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asker<'_> {
    /// What to do now.
    #[must_use]
    pub fn look(&mut self, now: Timestamp) -> Look {
        let waited = self.waited;
        let look = self.desks.at(&self.keys, |desk| desk.look(waited, now));
        self.writes = matches!(look, Look::Write { .. });
        look
    }

    /// Remembers buckets as somebody else wrote them.
    pub fn saw(&mut self, items: Vec<Option<Item>>, now: Timestamp) {
        self.stops_writing(|desk| desk.seen = Some((now, items)));
    }

    /// Hands out what was written.
    pub fn wrote(
        &mut self,
        items: Vec<Option<Item>>,
        [waited, fresh]: [Vec<Grant>; 2],
        now: Timestamp,
    ) {
        self.stops_writing(|desk| {
            desk.seen = Some((now, items));
            desk.waited.taken.extend(waited);
            desk.fresh.taken.extend(fresh);
        });
    }

    fn stops_writing(&mut self, act: impl FnOnce(&mut Desk)) {
        self.writes = false;
        self.desks.at(&self.keys, |desk| {
            desk.writing = None;
            act(desk);
        });
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        let (waited, writes) = (self.waited, self.writes);
        self.desks.at(&self.keys, |desk| {
            let line = desk.line(waited);
            line.asking = line.asking.saturating_sub(1);
            if writes {
                desk.writing = None;
            }
        });
    }
}

impl Desk {
    fn line(&mut self, waited: bool) -> &mut Line {
        if waited {
            &mut self.waited
        } else {
            &mut self.fresh
        }
    }

    fn look(&mut self, waited: bool, now: Timestamp) -> Look {
        if let Some(grant) = self.line(waited).next(now) {
            return Look::Granted(grant);
        }
        if self
            .writing
            .is_some_and(|since| now < after(since, WRITING))
        {
            return Look::Wait;
        }
        self.writing = Some(now);
        let seen = self.seen.as_ref();
        let seen = seen.filter(|(at, _)| now < after(*at, FRESH));
        Look::Write {
            waited: self.waited.asking,
            fresh: self.fresh.asking,
            seen: seen.map(|(_, items)| items.clone()),
        }
    }
}

impl Line {
    /// What was taken for a handler that is gone is worth nothing once its time is over.
    fn next(&mut self, now: Timestamp) -> Option<Grant> {
        std::iter::from_fn(|| self.taken.pop_front()).find(|grant| match grant {
            Grant::At(moment) => now <= after(*moment, LATE),
            Grant::ComeBack(place) => now < *place,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Table;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn keys() -> Vec<Key> {
        vec![Key {
            table: Table::Claims,
            partition: "t#rate#connection/p/crm".to_owned(),
            sort: String::new(),
        }]
    }

    fn write(waited: usize, fresh: usize, seen: Option<Vec<Option<Item>>>) -> Look {
        Look::Write {
            waited,
            fresh,
            seen,
        }
    }

    #[test]
    fn one_handler_writes_for_all_who_ask() {
        let desks = Desks::default();
        let mut asking: Vec<_> = [false, false, true]
            .into_iter()
            .map(|waited| desks.ask(keys(), waited))
            .collect();
        assert_eq!(asking[0].look(at(0)), write(1, 2, None));
        assert_eq!(asking[1].look(at(1)), Look::Wait);
        let fresh = vec![Grant::At(at(9)), Grant::At(at(10))];
        asking[0].wrote(vec![None], [vec![Grant::At(at(8))], fresh], at(2));
        let mut granted = |index: usize| asking[index].look(at(2));
        assert_eq!(granted(2), Look::Granted(Grant::At(at(8))), "it has waited");
        assert_eq!(granted(0), Look::Granted(Grant::At(at(9))));
        assert_eq!(granted(1), Look::Granted(Grant::At(at(10))));
        drop(asking);
        let mut next = desks.ask(keys(), false);
        assert_eq!(next.look(at(3)), write(0, 1, Some(vec![None])));
    }

    #[test]
    fn whoever_dies_while_it_writes_is_replaced() {
        let desks = Desks::default();
        let (mut first, mut second) = (desks.ask(keys(), false), desks.ask(keys(), false));
        assert_eq!(first.look(at(0)), write(0, 2, None));
        assert_eq!(second.look(at(499)), Look::Wait);
        assert_eq!(second.look(at(500)), write(0, 2, None), "it hangs");
        drop(second);
        drop(first);
        let mut third = desks.ask(keys(), false);
        assert_eq!(third.look(at(501)), write(0, 1, None), "it is gone");
    }

    #[test]
    fn what_was_seen_a_while_ago_is_read_again() {
        let desks = Desks::default();
        let mut one = desks.ask(keys(), false);
        one.saw(vec![None], at(0));
        assert_eq!(one.look(at(999)), write(0, 1, Some(vec![None])));
        one.saw(vec![None], at(0));
        assert_eq!(one.look(at(1000)), write(0, 1, None));
    }

    #[test]
    fn a_moment_that_nobody_took_is_not_given_away_when_it_is_over() {
        let desks = Desks::default();
        let mut one = desks.ask(keys(), false);
        let taken = [0, 5, 300].map(|millis| Grant::At(at(millis))).to_vec();
        one.wrote(vec![None], [Vec::new(), taken], at(0));
        assert_eq!(one.look(at(106)), Look::Granted(Grant::At(at(300))));
        let places = [100, 400]
            .map(|millis| Grant::ComeBack(at(millis)))
            .to_vec();
        one.wrote(vec![None], [Vec::new(), places], at(0));
        assert_eq!(one.look(at(100)), Look::Granted(Grant::ComeBack(at(400))));
    }
}
