//! Both sides of the story: the victim's journal, and the file of whoever received its effects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::sandbox::{Delivery, Sandbox};
use holdfast_embedded::store::{SqliteJournal, SqliteQueue, Store};
use holdfast_engine::entry::{State, StepEntry};
use holdfast_engine::id::EventId;
use holdfast_engine::key;
use holdfast_engine::name::TenantName;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{Journal as _, OperationList as _, Table, Which};
use holdfast_engine::record::Record;
use holdfast_engine::route::EventEntry;

use super::Event;
use crate::memory::MAX_RECEIVES;
use crate::ready::ready;

/// How far the executions that an event led to have come.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The entry of each step, by its side-effect key.
    pub steps: BTreeMap<String, StepEntry>,
    /// The record.
    pub record: Option<Record>,
}

impl Progress {
    /// The executions that ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        let following = self
            .steps
            .values()
            .filter_map(|entry| entry.dispatch.as_ref());
        following.filter(|dispatch| dispatch.end.is_some()).count()
    }

    /// The steps in a state, by their side-effect keys.
    pub fn in_state(&self, is: impl Fn(&State) -> bool) -> impl Iterator<Item = &String> {
        let steps = self.steps.iter();
        steps.filter_map(move |(key, entry)| is(&entry.state).then_some(key))
    }

    /// Whether a step's outcome is for a person to find out.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.in_state(|state| *state == State::Unknown).count() > 0
    }
}

/// What people were asked about, and what failed; open or closed.
#[derive(Debug, Default)]
pub struct Listed {
    /// Review items.
    pub reviews: usize,
    /// Of those, the ones whose message was received as often as any may be.
    pub spent: usize,
    /// Errors.
    pub errors: Vec<String>,
}

/// The journal and the sandbox's file of a data folder that no process uses.
#[derive(Debug)]
pub struct Books {
    journal: SqliteJournal<SystemClock>,
    queue: SqliteQueue<SystemClock>,
    /// What the receivers accepted, oldest first.
    pub deliveries: Vec<Delivery>,
}

impl Books {
    /// Opens both.
    ///
    /// # Panics
    /// When one of them cannot be read: no kill may do that.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        let store = Store::open_read_only(folder).expect("a readable store");
        let sandbox = Sandbox::open(folder, SystemClock).expect("a readable file");
        Self {
            journal: SqliteJournal::new(store.clone(), SystemClock),
            queue: SqliteQueue::new(store, SystemClock),
            deliveries: sandbox.deliveries().expect("whole lines"),
        }
    }

    /// The side-effect keys that the receivers accepted.
    #[must_use]
    pub fn accepted(&self) -> BTreeSet<&str> {
        let keys = self.deliveries.iter();
        keys.map(|delivery| delivery.idempotency_key.as_str())
            .collect()
    }

    /// How far an event's executions have come.
    pub async fn progress(&self, event: &Event) -> Progress {
        let id = EventId::from_text(&format!("form:{event}"));
        let Some(entry) = self
            .read::<EventEntry>(key::source_event(&tenant(), &id))
            .await
        else {
            return Progress::default();
        };
        let home = key::home(&entry.home);
        let query = self
            .journal
            .query(Table::Journal, &home, key::EXECUTION_PREFIX, None, 100);
        let page = query.await.expect("a readable partition");
        let entry = |row: holdfast_engine::port::Row| {
            let sort = row.sort.strip_prefix(key::EXECUTION_PREFIX)?;
            let entry = serde_json::from_str(&row.item.body).expect("an entry");
            Some((sort.replace('#', ":"), entry))
        };
        Progress {
            steps: page.rows.into_iter().filter_map(entry).collect(),
            record: self.read(key::record(&entry_home(&home))).await,
        }
    }

    /// What people were asked about, and what failed.
    ///
    /// # Panics
    /// When the store cannot be read.
    #[must_use]
    pub fn listed(&self) -> Listed {
        let listed = ready(self.journal.list(Which::All, None, usize::MAX));
        let mut all = Listed::default();
        for one in listed.expect("readable operations").into_operations() {
            match one {
                Operation::Review(item) => {
                    all.reviews += 1;
                    let last = item.report["attempt"].as_u64() >= Some(MAX_RECEIVES.into());
                    all.spent += usize::from(last);
                }
                // Written before the last receive is worked on, closed by its success.
                Operation::Error(error)
                    if error.code == "Crashed" && !error.handling.needs_someone() => {}
                Operation::Error(error) => all.errors.push(format!("{error:?}")),
            }
        }
        all
    }

    /// Messages that are still in a queue, and those that were received too often.
    #[must_use]
    pub fn left_in_queues(&self) -> (usize, u64) {
        let depths = self.queue.depths();
        let left = depths
            .iter()
            .map(|depth| depth.visible + depth.delayed)
            .sum();
        (left, depths.iter().map(|depth| depth.dead_letters).sum())
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        key: holdfast_engine::port::Key,
    ) -> Option<T> {
        let found = self.journal.read(&[key]).await.expect("a readable item");
        let item = found.into_iter().flatten().next()?;
        Some(serde_json::from_str(&item.body).expect("an item of its kind"))
    }
}

fn tenant() -> TenantName {
    TenantName::new("demo").expect("a name")
}

fn entry_home(partition: &str) -> holdfast_engine::id::RecordRef {
    partition.replace('#', "/").parse().expect("a record")
}
