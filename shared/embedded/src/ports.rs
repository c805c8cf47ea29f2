//! The ports of one machine, as one type.

use std::sync::Arc;

use holdfast_engine::definition::Catalog;
use holdfast_engine::port::{Clock, CommitError, Deployment, Outgoing, Ports, Write};
use holdfast_engine::quality::Tallies;

use crate::alerts::QueueAlerts;
use crate::definitions::LiveDefinitions;
use crate::entropy::{OsEntropy, SeededEntropy};
use crate::secrets::LocalSecrets;
use crate::store::{SqliteJournal, SqliteQueue, SqliteTimers, Store};

/// Randomness of either kind.
#[derive(Debug)]
pub enum Random {
    /// The operating system's.
    Os(OsEntropy),
    /// Repeatable.
    Seeded(SeededEntropy),
}

impl holdfast_engine::port::Entropy for Random {
    fn bits(&self) -> u128 {
        match self {
            Self::Os(entropy) => entropy.bits(),
            Self::Seeded(entropy) => entropy.bits(),
        }
    }
}

/// The ports of one machine.
#[derive(Debug)]
pub struct EmbeddedPorts<C> {
    pub(crate) journal: SqliteJournal<C>,
    pub(crate) queue: SqliteQueue<C>,
    pub(crate) timers: SqliteTimers<C>,
    pub(crate) alerts: QueueAlerts<C>,
    pub(crate) definitions: LiveDefinitions,
    pub(crate) secrets: LocalSecrets,
    pub(crate) clock: C,
    pub(crate) entropy: Random,
    pub(crate) deployment: Deployment,
    pub(crate) quality: Tallies,
}

/// What the ports of a data folder are made of beside its store.
#[derive(Debug)]
pub(crate) struct Parts<C> {
    pub(crate) catalog: Catalog,
    pub(crate) secrets: LocalSecrets,
    pub(crate) clock: C,
    pub(crate) entropy: Random,
    pub(crate) public_url: Option<String>,
}

impl<C: Clock + Clone + 'static> EmbeddedPorts<C> {
    /// The ports of an open data folder.
    pub(crate) fn on(store: &Store, parts: Parts<C>) -> Self {
        let clock = parts.clock;
        let queue = || SqliteQueue::new(store.clone(), clock.clone());
        Self {
            journal: SqliteJournal::new(store.clone(), clock.clone()),
            queue: queue(),
            timers: SqliteTimers::new(store.clone(), clock.clone()),
            alerts: QueueAlerts::new(queue(), clock.clone()),
            definitions: LiveDefinitions::new(store.clone(), Arc::new(parts.catalog)),
            secrets: parts.secrets,
            entropy: parts.entropy,
            deployment: Deployment {
                public_url: parts.public_url,
                boot: Some(store.boot().to_string()),
            },
            quality: Tallies::default(),
            clock,
        }
    }
}

impl<C: Clock + Clone + 'static> Ports for EmbeddedPorts<C> {
    type Journal = SqliteJournal<C>;
    type Queue = SqliteQueue<C>;
    type Timers = SqliteTimers<C>;
    type DeadLetters = SqliteQueue<C>;
    type Operations = SqliteJournal<C>;
    type Alerts = QueueAlerts<C>;
    type Definitions = LiveDefinitions;
    type Secrets = LocalSecrets;
    type Clock = C;
    type Entropy = Random;

    fn journal(&self) -> &Self::Journal {
        &self.journal
    }

    fn queue(&self) -> &Self::Queue {
        &self.queue
    }

    fn timers(&self) -> &Self::Timers {
        &self.timers
    }

    fn dead_letters(&self) -> &Self::DeadLetters {
        &self.queue
    }

    fn operations(&self) -> &Self::Operations {
        &self.journal
    }

    fn alerts(&self) -> &Self::Alerts {
        &self.alerts
    }

    fn definitions(&self) -> &Self::Definitions {
        &self.definitions
    }

    fn secrets(&self) -> &Self::Secrets {
        &self.secrets
    }

    fn clock(&self) -> &C {
        &self.clock
    }

    fn entropy(&self) -> &Random {
        &self.entropy
    }

    fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn quality(&self) -> &Tallies {
        &self.quality
    }

    async fn commit_and_send(
        &self,
        writes: Vec<Write>,
        messages: Vec<Outgoing>,
    ) -> Result<(), CommitError> {
        self.journal.commit_and_send(writes, messages).await
    }
}
