//! The ports of a stack, as one type.

use std::sync::Arc;

use holdfast_engine::port::{Deployment, PortError, Ports};
use holdfast_engine::quality::Tallies;
use holdfast_providers::machine::{OsEntropy, SystemClock};

use crate::config::{Config, ConfigError};
use crate::definitions::DynamoDefinitions;
use crate::dynamo::{DynamoJournal, DynamoTimers, Items};
use crate::sdk::Sdk;
use crate::secrets::{IdentityError, SsmSecrets};
use crate::sns::SnsAlerts;
use crate::sqs::{SqsDeadLetters, SqsQueue, Steps};

/// Why the ports of a stack cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The environment does not describe a stack.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such stack, or it cannot be read.
    #[error("no stack `{stack}` can be read: {reason}")]
    Stack {
        /// The stack.
        stack: String,
        /// Why.
        reason: String,
    },
    /// There is no identity key.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Client(#[from] holdfast_providers::SetupError),
    /// A service failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// The ports of a stack.
#[derive(Debug)]
pub struct AwsPorts {
    pub(crate) sdk: Sdk,
    pub(crate) config: Arc<Config>,
    pub(crate) journal: DynamoJournal,
    pub(crate) queue: SqsQueue,
    pub(crate) timers: DynamoTimers<SystemClock>,
    pub(crate) dead_letters: SqsDeadLetters<SystemClock>,
    pub(crate) alerts: SnsAlerts,
    pub(crate) definitions: DynamoDefinitions<SystemClock>,
    pub(crate) secrets: SsmSecrets<SystemClock>,
    pub(crate) steps: Steps,
    deployment: Deployment,
    quality: Tallies,
}

impl AwsPorts {
    /// The ports of the stack that this configuration describes. Its first call, for the identity
    /// key, warms the connection's TLS.
    ///
    /// # Errors
    /// [`IdentityError`] when the identity key cannot be had.
    pub async fn open(sdk: Sdk, config: Config) -> Result<Self, IdentityError> {
        let (config, clock, steps) = (Arc::new(config), SystemClock, Steps::default());
        let secrets = SsmSecrets::open(sdk.ssm.clone(), &config.secrets_prefix, clock).await?;
        let queue = SqsQueue::new(sdk.sqs.clone(), Arc::clone(&config));
        let tables = &config.tables;
        Ok(Self {
            journal: DynamoJournal::new(sdk.dynamo.clone(), tables.clone()),
            timers: DynamoTimers::new(sdk.dynamo.clone(), &tables.timers, queue.clone(), clock),
            dead_letters: SqsDeadLetters::new(
                sdk.sqs.clone(),
                Arc::clone(&config),
                steps.clone(),
                clock,
            ),
            alerts: SnsAlerts::new(sdk.sns.clone(), &config.alerts_topic),
            definitions: DynamoDefinitions::new(
                Items::new(sdk.dynamo.clone()),
                &tables.definitions,
                &config.tenants,
                steps.clone(),
                clock,
            ),
            deployment: Deployment {
                public_url: config.public_url.clone(),
                // Many processes work at once: a claim's lease alone tells whether it lives.
                boot: None,
            },
            quality: Tallies::default(),
            secrets,
            queue,
            steps,
            sdk,
            config,
        })
    }

    /// The stack's configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Ports for AwsPorts {
    type Journal = DynamoJournal;
    type Queue = SqsQueue;
    type Timers = DynamoTimers<SystemClock>;
    type DeadLetters = SqsDeadLetters<SystemClock>;
    type Operations = DynamoJournal;
    type Alerts = SnsAlerts;
    type Definitions = DynamoDefinitions<SystemClock>;
    type Secrets = SsmSecrets<SystemClock>;
    type Clock = SystemClock;
    type Entropy = OsEntropy;

    fn journal(&self) -> &DynamoJournal {
        &self.journal
    }

    fn queue(&self) -> &SqsQueue {
        &self.queue
    }

    fn timers(&self) -> &DynamoTimers<SystemClock> {
        &self.timers
    }

    fn dead_letters(&self) -> &SqsDeadLetters<SystemClock> {
        &self.dead_letters
    }

    fn operations(&self) -> &DynamoJournal {
        &self.journal
    }

    fn alerts(&self) -> &SnsAlerts {
        &self.alerts
    }

    fn definitions(&self) -> &DynamoDefinitions<SystemClock> {
        &self.definitions
    }

    fn secrets(&self) -> &SsmSecrets<SystemClock> {
        &self.secrets
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }

    fn entropy(&self) -> &OsEntropy {
        &OsEntropy
    }

    fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn quality(&self) -> &Tallies {
        &self.quality
    }
}
