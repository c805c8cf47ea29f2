//! A whole Holdfast in one process: store, functions, timers, and the door in front of them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock, Definitions, PortError};
use holdfast_engine::{alert, quality};
use holdfast_receive_webhook::{Answer, Request};

use crate::alerts::begin_paths;
use crate::definitions::LoadedPack;
use crate::entropy::{OsEntropy, SeededEntropy};
use crate::identity;
use crate::inject::{Faults, Injector, UnknownConnection};
use crate::outside::Outside;
use crate::ports::{EmbeddedPorts, Parts, Random};
use crate::registry::{Extension, Registry, catalog};
use crate::sandbox::{Sandbox, SandboxError};
use crate::secrets::{IdentityKey, LocalSecrets};
use crate::store::{Depth, OpenError, Options, Store};
use crate::workers::Workers;
use jiff::Timestamp;

/// What a system needs to start.
#[derive(Clone)]
pub struct Settings<C> {
    /// The data folder.
    pub data: PathBuf,
    /// Whether every connection is answered by the sandbox, and every secret is the well-known
    /// one.
    pub development: bool,
    /// The tenants.
    pub tenants: Vec<TenantName>,
    /// The packs, live for every tenant.
    pub packs: Vec<LoadedPack>,
    /// Secrets, by the variables that hold them.
    pub secrets: BTreeMap<String, String>,
    /// The address under which providers reach the webhooks.
    pub public_url: Option<String>,
    /// Time.
    pub clock: C,
    /// The seed of everything random; `None`: the operating system's randomness.
    pub seed: Option<u64>,
    /// Steps beside those that come with Holdfast.
    pub extension: Option<Extension<C>>,
    /// How the store is opened.
    pub store: Options,
    /// Which calls through connections fail on purpose.
    pub faults: Faults,
}

impl<C> std::fmt::Debug for Settings<C> {
    /// Secrets are named, never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("data", &self.data)
            .field("development", &self.development)
            .field("tenants", &self.tenants)
            .field("secrets", &self.secrets.keys())
            .finish_non_exhaustive()
    }
}

/// Why a system does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The identity key cannot be read or made.
    #[error("the identity key cannot be used: {0}")]
    Identity(io::Error),
    /// The sandbox's file cannot be used.
    #[error("the sandbox cannot be used: {0}")]
    Sandbox(#[from] SandboxError),
    /// A secret is not set.
    #[error("secrets are not set: {}", .0.join("; "))]
    MissingSecrets(Vec<String>),
    /// A fault names a connection that no pack has.
    #[error(transparent)]
    Fault(#[from] UnknownConnection),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
    /// The store fails.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A running Holdfast.
#[derive(Debug)]
pub struct System<C> {
    store: Store,
    ports: Arc<EmbeddedPorts<C>>,
    sandbox: Arc<Sandbox<C>>,
    injector: Arc<Injector<C>>,
    development: bool,
    workers: Workers,
}

impl<C: Clock + Clone + 'static> System<C> {
    /// Opens the data folder, publishes the packs, and starts every function.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(settings: Settings<C>) -> Result<Self, StartError> {
        let packs = settings.packs.iter().map(|loaded| &loaded.pack);
        settings.faults.check(packs)?;
        let store = Store::open_with(&settings.data, settings.store.clone())?;
        let identity_key =
            identity::load(&settings.data, store.boot() == 1).map_err(StartError::Identity)?;
        let secrets = secrets(&settings, identity_key)?;
        let sandbox = Arc::new(Sandbox::open(&settings.data, settings.clock.clone())?);
        sandbox.observed_by(settings.store.observer.clone());
        let injector = Arc::new(Injector::new(
            settings.clock.clone(),
            settings.faults.clone(),
        ));
        let (inside, real) = (Arc::clone(&sandbox), !settings.development);
        let outside = Outside::new(inside, real.then_some(&secrets), Arc::clone(&injector))
            .map_err(|error| StartError::Client(error.to_string()))?;
        let ports = Arc::new(ports(&settings, &store, secrets));
        for tenant in &settings.tenants {
            ports
                .definitions
                .publish(tenant, &settings.packs, settings.clock.now())
                .await?;
        }
        let mut registry = Registry::standard(&ports, outside);
        if let Some(extension) = &settings.extension {
            (extension.registry)(&mut registry);
        }
        begin_paths(ports.as_ref(), &settings.tenants).await?;
        let workers = Workers::start(registry.into_functions(), &ports);
        Ok(Self {
            store,
            ports,
            sandbox,
            injector,
            development: settings.development,
            workers,
        })
    }

    /// Handles a webhook.
    pub async fn receive(&self, request: &Request) -> Answer {
        holdfast_receive_webhook::handle(self.ports.as_ref(), request).await
    }

    /// Makes new versions live; executions under way keep theirs.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn publish(
        &self,
        tenants: &[TenantName],
        packs: &[LoadedPack],
    ) -> Result<(), PortError> {
        for tenant in tenants {
            self.ports
                .definitions
                .publish(tenant, packs, self.ports.clock.now())
                .await?;
        }
        begin_paths(self.ports.as_ref(), tenants).await
    }

    /// The ports, for commands that work on a running system.
    #[must_use]
    pub fn ports(&self) -> &Arc<EmbeddedPorts<C>> {
        &self.ports
    }

    /// The store, for inspection.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What is known to be wrong with the error route itself.
    ///
    /// # Errors
    /// [`PortError`] when the store cannot be read.
    pub async fn silences(&self) -> Result<Vec<alert::Silence>, PortError> {
        let tenants = self.ports.definitions.tenants().await?;
        alert::silences(self.ports.as_ref(), &tenants).await
    }

    /// The sandbox.
    #[must_use]
    pub fn sandbox(&self) -> &Arc<Sandbox<C>> {
        &self.sandbox
    }

    /// Whether it is for development only.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.development
    }

    /// What lets calls fail on purpose.
    #[must_use]
    pub fn injector(&self) -> &Injector<C> {
        &self.injector
    }

    /// How full each queue is, in the order of their names.
    #[must_use]
    pub fn depths(&self) -> Vec<Depth> {
        self.ports.queue.depths()
    }

    /// The secrets that these packs name and that are not set, with the variables that would hold
    /// them.
    #[must_use]
    pub fn missing_secrets(&self, tenants: &[TenantName], packs: &[LoadedPack]) -> Vec<String> {
        self.ports.secrets.missing(tenants, packs)
    }

    /// Waits until nothing is visible, in flight or due; what is delayed waits for the clock.
    pub async fn until_settled(&self) {
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(1);
        while !self.is_settled() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// When the next message or timer is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let timer = self.ports.timers.next_due().ok().flatten();
        let message = self.ports.queue.next_due();
        timer.into_iter().chain(message).min()
    }

    fn is_settled(&self) -> bool {
        let now = self.ports.clock.now();
        let due = self.ports.timers.next_due();
        let is_due = due.is_ok_and(|due| due.is_some_and(|due| due <= now));
        !is_due && self.ports.queue.is_settled()
    }

    /// Waits until nothing is visible, in flight or delayed, and every change is delivered.
    pub async fn until_quiet(&self) {
        loop {
            self.ports.queue.until_quiet().await;
            // A message that moved between two looks is seen by the closer one.
            self.until_settled().await;
            if self.ports.queue.is_quiet() {
                return;
            }
        }
    }

    /// Stops receiving, waits for what is being handled, and writes every verdict.
    pub async fn stop(self) {
        self.workers.stop().await;
        quality::flush(self.ports.as_ref()).await;
        if let Err(error) = self.ports.queue.flush().await {
            tracing::error!(error = %error, "the last verdicts are not written; they are redelivered");
        }
    }
}

/// The secrets; without one that a pack names nothing starts.
fn secrets<C>(
    settings: &Settings<C>,
    identity_key: IdentityKey,
) -> Result<LocalSecrets, StartError> {
    let secrets = if settings.development {
        LocalSecrets::development(&settings.secrets, identity_key)
    } else {
        LocalSecrets::of(&settings.secrets, identity_key)
    };
    let missing = secrets.missing(&settings.tenants, &settings.packs);
    if missing.is_empty() {
        return Ok(secrets);
    }
    Err(StartError::MissingSecrets(missing))
}

fn ports<C: Clock + Clone + 'static>(
    settings: &Settings<C>,
    store: &Store,
    secrets: LocalSecrets,
) -> EmbeddedPorts<C> {
    let mut catalog = catalog::<C>();
    if let Some(extension) = &settings.extension {
        (extension.catalog)(&mut catalog);
    }
    let public_url = settings
        .public_url
        .as_ref()
        .map(|url| url.trim_end_matches('/').to_owned());
    let parts = Parts {
        catalog,
        secrets,
        clock: settings.clock.clone(),
        entropy: match settings.seed {
            Some(seed) => Random::Seeded(SeededEntropy::new(seed)),
            None => Random::Os(OsEntropy),
        },
        public_url,
    };
    EmbeddedPorts::on(store, parts)
}
