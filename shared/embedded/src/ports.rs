//! The ports of one machine, as one type.

use holdfast_engine::port::{Clock, CommitError, Deployment, Outgoing, Ports, Write};

use crate::alerts::QueueAlerts;
use crate::definitions::LiveDefinitions;
use crate::entropy::{OsEntropy, SeededEntropy};
use crate::secrets::LocalSecrets;
use crate::store::{SqliteJournal, SqliteQueue, SqliteTimers};

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

    async fn commit_and_send(
        &self,
        writes: Vec<Write>,
        messages: Vec<Outgoing>,
    ) -> Result<(), CommitError> {
        self.journal.commit_and_send(writes, messages).await
    }
}
