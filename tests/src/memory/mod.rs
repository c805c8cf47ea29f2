//! In-memory adapters of every port: deterministic, single-threaded friendly, and their whole
//! state is one value that a test can copy and put back.

mod alerts;
mod bound;
mod clock;
mod condition;
mod definitions;
mod feed;
mod journal;
mod judged;
mod keep;
mod late;
mod operations;
mod queue;
mod state;
mod timers;

use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::port::{Deployment, Ports};
use holdfast_engine::quality::Tallies;

pub use alerts::MemoryAlerts;
pub use clock::ManualClock;
pub use condition::{Condition, Guards, Kind};
pub use definitions::MemoryDefinitions;
pub use journal::MemoryJournal;
pub use judged::{JUDGED, Judgement, Proof, needed};
pub use keep::{MemorySecrets, SeededEntropy};
pub use queue::{MAX_RECEIVES, MemoryQueue, Receipt, Received};
pub use state::{MemoryState, Shared};
pub use timers::MemoryTimers;

/// Every port in memory.
#[derive(Debug)]
pub struct Memory {
    shared: Shared,
    journal: MemoryJournal,
    queue: MemoryQueue,
    timers: MemoryTimers,
    alerts: MemoryAlerts,
    definitions: MemoryDefinitions,
    secrets: MemorySecrets,
    clock: ManualClock,
    entropy: SeededEntropy,
    deployment: Deployment,
    quality: Tallies,
}

impl Memory {
    /// Empty ports that know these packs; `seed` decides everything random.
    #[must_use]
    pub fn new(seed: u64, packs: impl IntoIterator<Item = Arc<Pack>>) -> Self {
        let shared = Shared::new(seed);
        Self {
            journal: MemoryJournal::new(shared.clone()),
            queue: MemoryQueue::new(shared.clone()),
            timers: MemoryTimers::new(shared.clone()),
            alerts: MemoryAlerts::new(shared.clone()),
            definitions: MemoryDefinitions::new(packs),
            secrets: MemorySecrets::default(),
            clock: ManualClock::new(shared.clone()),
            entropy: SeededEntropy::new(shared.clone()),
            deployment: Deployment::default(),
            quality: Tallies::default(),
            shared,
        }
    }

    /// The same, as one process at a time that names its starts.
    #[must_use]
    pub fn deployed(mut self, deployment: Deployment) -> Self {
        self.deployment = deployment;
        self
    }

    /// The same, where changes of records and operations come out of the change feed, and alerts
    /// go to the queue of `notify-oncall`.
    #[must_use]
    pub fn feeding(self) -> Self {
        self.shared.change(|state| state.feeds = true);
        self
    }

    /// The same, with secrets.
    #[must_use]
    pub fn keeping(mut self, secrets: MemorySecrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// A copy of all state.
    #[must_use]
    pub fn snapshot(&self) -> MemoryState {
        self.shared.read(MemoryState::clone)
    }

    /// Puts a copy of all state back.
    pub fn restore(&self, state: MemoryState) {
        self.shared.change(|now| *now = state);
    }
}

impl Ports for Memory {
    type Journal = MemoryJournal;
    type Queue = MemoryQueue;
    type Timers = MemoryTimers;
    type DeadLetters = MemoryQueue;
    type Operations = MemoryJournal;
    type Alerts = MemoryAlerts;
    type Definitions = MemoryDefinitions;
    type Secrets = MemorySecrets;
    type Clock = ManualClock;
    type Entropy = SeededEntropy;

    fn journal(&self) -> &MemoryJournal {
        &self.journal
    }

    fn queue(&self) -> &MemoryQueue {
        &self.queue
    }

    fn timers(&self) -> &MemoryTimers {
        &self.timers
    }

    fn dead_letters(&self) -> &MemoryQueue {
        &self.queue
    }

    fn operations(&self) -> &MemoryJournal {
        &self.journal
    }

    fn alerts(&self) -> &MemoryAlerts {
        &self.alerts
    }

    fn definitions(&self) -> &MemoryDefinitions {
        &self.definitions
    }

    fn secrets(&self) -> &MemorySecrets {
        &self.secrets
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    fn entropy(&self) -> &SeededEntropy {
        &self.entropy
    }

    fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn quality(&self) -> &Tallies {
        &self.quality
    }
}
