//! Queues, timers, definitions and secrets whose calls may fail.

use std::sync::Arc;

use holdfast_engine::definition::model::{ManifestId, Pack};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{
    Definitions, DefinitionsError, Outgoing, PortError, Ports, Queue, Secrets, Timer, Timers,
};
use holdfast_engine::verify::Secret;
use serde_json::{Map, Value as Json};

use super::Faults;

macro_rules! faulty {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Debug)]
        pub struct $name<P> {
            inner: Arc<P>,
            faults: Arc<Faults>,
        }

        impl<P> $name<P> {
            pub(super) fn new((inner, faults): (Arc<P>, Arc<Faults>)) -> Self {
                Self { inner, faults }
            }
        }
    )*};
}

faulty! {
    /// A queue whose calls may fail.
    FaultyQueue
    /// Timers whose calls may fail.
    FaultyTimers
    /// Definitions whose calls may fail.
    FaultyDefinitions
    /// Secrets whose calls may fail.
    FaultySecrets
}

impl<P: Ports> Queue for FaultyQueue<P> {
    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        self.faults.port(self.inner.queue().send(messages)).await
    }
}

impl<P: Ports> Timers for FaultyTimers<P> {
    async fn arm(&self, timer: Timer) -> Result<(), PortError> {
        self.faults.port(self.inner.timers().arm(timer)).await
    }
}

impl<P: Ports> Definitions for FaultyDefinitions<P> {
    async fn live(
        &self,
        tenant: &TenantName,
    ) -> Result<Option<Arc<[Arc<Pack>]>>, DefinitionsError> {
        self.faults
            .port(self.inner.definitions().live(tenant))
            .await
    }

    async fn version(&self, manifest: &ManifestId) -> Result<Arc<Pack>, DefinitionsError> {
        let version = self.inner.definitions().version(manifest);
        self.faults.port(version).await
    }

    async fn config(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Arc<Map<String, Json>>, PortError> {
        let config = self.inner.definitions().config(tenant, pack);
        self.faults.port(config).await
    }
}

impl<P: Ports> Secrets for FaultySecrets<P> {
    async fn secret(&self, tenant: &TenantName, name: &str) -> Result<Vec<Secret>, PortError> {
        self.faults
            .port(self.inner.secrets().secret(tenant, name))
            .await
    }

    fn identity_key(&self) -> &[u8; 32] {
        self.inner.secrets().identity_key()
    }
}
