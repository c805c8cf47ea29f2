//! The ports of a stack, as one type.

use std::sync::Arc;

use futures_util::future::join;
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
    /// Nothing says in which region and account a stack is to be found.
    #[error("{missing}: sign in as for the AWS command line, with AWS_PROFILE and AWS_REGION")]
    Account {
        /// What is missing, and where it was looked for.
        missing: String,
    },
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
    /// The ports of the stack that this configuration describes.
    ///
    /// # Errors
    /// [`IdentityError`] when the identity key cannot be had.
    pub async fn open(sdk: Sdk, config: Config) -> Result<Self, IdentityError> {
        let definitions = definitions(&sdk, &config);
        let secrets = secrets(&sdk, &config).await?;
        Ok(Self::of(sdk, config, definitions, secrets))
    }

    /// The same for a process that will be busy at once: what is live is compiled while the
    /// identity key is on its way, and connections to both services stand.
    ///
    /// # Errors
    /// [`IdentityError`] when the identity key cannot be had.
    pub(crate) async fn open_warm(sdk: Sdk, config: Config) -> Result<Self, IdentityError> {
        let definitions = definitions(&sdk, &config);
        let (secrets, ()) = join(secrets(&sdk, &config), definitions.warm()).await;
        Ok(Self::of(sdk, config, definitions, secrets?))
    }

    fn of(
        sdk: Sdk,
        config: Config,
        definitions: DynamoDefinitions<SystemClock>,
        secrets: SsmSecrets<SystemClock>,
    ) -> Self {
        let (config, clock) = (Arc::new(config), SystemClock);
        let queue = SqsQueue::new(sdk.sqs.clone(), Arc::clone(&config));
        let (tables, steps) = (&config.tables, definitions.steps().clone());
        Self {
            journal: DynamoJournal::new(sdk.dynamo.clone(), tables.clone()),
            timers: DynamoTimers::new(sdk.dynamo.clone(), &tables.timers, queue.clone(), clock),
            dead_letters: SqsDeadLetters::new(
                sdk.sqs.clone(),
                Arc::clone(&config),
                steps.clone(),
                clock,
            ),
            alerts: SnsAlerts::new(sdk.sns.clone(), &config.alerts_topic),
            definitions,
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
        }
    }

    /// The stack's configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

fn definitions(sdk: &Sdk, config: &Config) -> DynamoDefinitions<SystemClock> {
    let items = Items::new(sdk.dynamo.clone());
    let (table, tenants) = (&config.tables.definitions, &config.tenants);
    DynamoDefinitions::new(items, table, tenants, Steps::default(), SystemClock)
}

async fn secrets(sdk: &Sdk, config: &Config) -> Result<SsmSecrets<SystemClock>, IdentityError> {
    SsmSecrets::open(sdk.ssm.clone(), &config.secrets_prefix, SystemClock).await
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
