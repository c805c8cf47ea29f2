//! What is read a moment late: an item as it was at any time in the last moment.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use holdfast_engine::port::{Item, Key};
use jiff::{SignedDuration, Timestamp};

use crate::random::Random;

/// How late what is read lately may be.
const MOMENT: SignedDuration = SignedDuration::from_secs(2);

/// What was there before each change, and until when; in the order of the changes.
type Past = BTreeMap<Key, Vec<(Timestamp, Option<Item>)>>;

/// The past, as far as it may still be seen. Unless it began, nothing is seen late.
#[derive(Debug, Default)]
pub(super) struct Late(Mutex<Option<(Random, Past)>>);

impl Late {
    pub(super) fn begin(&self, random: Random) {
        *self.late() = Some((random, Past::new()));
    }

    /// An item changes: this is what it was.
    pub(super) fn changes(&self, key: &Key, before: Option<Item>, now: Timestamp) {
        if let Some((_, past)) = self.late().as_mut() {
            past.entry(key.clone()).or_default().push((now, before));
        }
    }

    /// What an item was in the last moment, and is.
    pub(super) fn versions(
        &self,
        key: &Key,
        item: Option<Item>,
        now: Timestamp,
    ) -> Vec<Option<Item>> {
        let late = self.late();
        let past = late.as_ref().and_then(|(_, past)| past.get(key));
        let past = past.into_iter().flatten();
        let seen = past.filter(|(until, _)| now.duration_since(*until) < MOMENT);
        seen.map(|(_, before)| before.clone())
            .chain([item])
            .collect()
    }

    pub(super) fn pick(&self, mut versions: Vec<Option<Item>>) -> Option<Item> {
        let mut late = self.late();
        let picked = late.as_mut().map_or(versions.len() - 1, |(random, _)| {
            random.below(versions.len())
        });
        versions.swap_remove(picked)
    }

    fn late(&self) -> MutexGuard<'_, Option<(Random, Past)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use holdfast_engine::port::Table;

    use super::*;

    #[test]
    fn what_changed_in_the_last_moment_may_be_seen_as_it_was_and_nothing_older() {
        let late = Late::default();
        let key = Key {
            table: Table::Journal,
            partition: "p".to_owned(),
            sort: "s".to_owned(),
        };
        let item = |revision| {
            let body = String::new();
            Some(Item { revision, body })
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        late.changes(&key, None, at(1));
        assert_eq!(late.versions(&key, item(1), at(1)), [item(1)], "not begun");
        late.begin(Random::new(1));
        late.changes(&key, item(1), at(2));
        late.changes(&key, item(2), at(3));
        let seen = |second| late.versions(&key, item(3), at(second));
        assert_eq!(seen(3), [item(1), item(2), item(3)]);
        assert_eq!(seen(4), [item(2), item(3)]);
        assert_eq!(seen(5), [item(3)]);
        let picked: std::collections::BTreeSet<_> = (0..50)
            .map(|_| late.pick(seen(3)).unwrap().revision)
            .collect();
        assert_eq!(picked.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
    }
}
