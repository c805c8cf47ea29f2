//! Ports that fail: a wrapper of any ports that crashes, throttles, conflicts or is unavailable at
//! a chosen call, before or after the call took effect.

mod faults;
mod journal;
mod rest;

use std::sync::Arc;

use holdfast_engine::port::{Deployment, Ports};
use holdfast_engine::quality::Tallies;

pub use faults::{Fault, Faults, Interrupted, Schedule, When};
pub use journal::FaultyJournal;
pub use rest::{
    FaultyAlerts, FaultyDeadLetters, FaultyDefinitions, FaultyOperations, FaultyQueue,
    FaultySecrets, FaultyTimers,
};

/// Ports whose calls go through [`Faults`].
#[derive(Debug)]
pub struct Faulty<P> {
    inner: Arc<P>,
    journal: FaultyJournal<P>,
    queue: FaultyQueue<P>,
    timers: FaultyTimers<P>,
    dead_letters: FaultyDeadLetters<P>,
    operations: FaultyOperations<P>,
    alerts: FaultyAlerts<P>,
    definitions: FaultyDefinitions<P>,
    secrets: FaultySecrets<P>,
}

impl<P> Faulty<P> {
    /// Wraps ports.
    #[must_use]
    pub fn new(inner: Arc<P>, faults: &Arc<Faults>) -> Self {
        let both = || (Arc::clone(&inner), Arc::clone(faults));
        Self {
            journal: FaultyJournal::new(both()),
            queue: FaultyQueue::new(both()),
            timers: FaultyTimers::new(both()),
            dead_letters: FaultyDeadLetters::new(both()),
            operations: FaultyOperations::new(both()),
            alerts: FaultyAlerts::new(both()),
            definitions: FaultyDefinitions::new(both()),
            secrets: FaultySecrets::new(both()),
            inner,
        }
    }
}

impl<P: Ports> Ports for Faulty<P> {
    type Journal = FaultyJournal<P>;
    type Queue = FaultyQueue<P>;
    type Timers = FaultyTimers<P>;
    type DeadLetters = FaultyDeadLetters<P>;
    type Operations = FaultyOperations<P>;
    type Alerts = FaultyAlerts<P>;
    type Definitions = FaultyDefinitions<P>;
    type Secrets = FaultySecrets<P>;
    type Clock = P::Clock;
    type Entropy = P::Entropy;

    fn journal(&self) -> &FaultyJournal<P> {
        &self.journal
    }

    fn queue(&self) -> &FaultyQueue<P> {
        &self.queue
    }

    fn timers(&self) -> &FaultyTimers<P> {
        &self.timers
    }

    fn dead_letters(&self) -> &FaultyDeadLetters<P> {
        &self.dead_letters
    }

    fn operations(&self) -> &FaultyOperations<P> {
        &self.operations
    }

    fn alerts(&self) -> &FaultyAlerts<P> {
        &self.alerts
    }

    fn definitions(&self) -> &FaultyDefinitions<P> {
        &self.definitions
    }

    fn secrets(&self) -> &FaultySecrets<P> {
        &self.secrets
    }

    fn clock(&self) -> &P::Clock {
        self.inner.clock()
    }

    fn entropy(&self) -> &P::Entropy {
        self.inner.entropy()
    }

    fn deployment(&self) -> &Deployment {
        self.inner.deployment()
    }

    fn quality(&self) -> &Tallies {
        self.inner.quality()
    }
}
