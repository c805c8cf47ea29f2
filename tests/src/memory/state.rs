//! The whole state of the in-memory ports.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_engine::port::{Alert, DeadLetter, Item, Key, QueueName, Timer};
use jiff::Timestamp;

use super::queue::Message;

/// When virtual time starts: a moment that no test depends on.
const START: i64 = 1_800_000_000;

/// The whole state: cheap to copy, and equal when nothing happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryState {
    pub(super) items: BTreeMap<Key, Item>,
    pub(super) messages: BTreeMap<QueueName, Vec<Message>>,
    pub(super) dead: BTreeMap<QueueName, Vec<DeadLetter>>,
    pub(super) timers: Vec<Timer>,
    pub(super) alerts: Vec<Alert>,
    pub(super) sleepers: BTreeMap<u64, Timestamp>,
    pub(super) feeds: bool,
    pub(super) now: Timestamp,
    pub(super) next_message: u64,
    pub(super) next_sleeper: u64,
    pub(super) random: u64,
}

impl MemoryState {
    fn new(seed: u64) -> Self {
        Self {
            items: BTreeMap::new(),
            messages: BTreeMap::new(),
            dead: BTreeMap::new(),
            timers: Vec::new(),
            alerts: Vec::new(),
            sleepers: BTreeMap::new(),
            feeds: false,
            now: Timestamp::from_second(START).unwrap_or_default(),
            next_message: 0,
            next_sleeper: 0,
            random: seed,
        }
    }

    /// Every item of the journal, of claims and of operations.
    pub fn items(&self) -> impl Iterator<Item = (&Key, &Item)> {
        self.items.iter()
    }
}

/// The state, shared by the adapters.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<MemoryState>>);

impl Shared {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(MemoryState::new(seed))))
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&MemoryState) -> T) -> T {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut MemoryState) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}
