//! Queues, timers, definitions and secrets whose calls may fail.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::definition::model::{ManifestId, Pack};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{
    Alert, Alerts, Canary, DeadLetter, DeadLetters, Definitions, DefinitionsError, MessageId,
    OperationList, Operations, Outgoing, PortError, Ports, Queue, QueueName, Redrive, Secrets,
    Timer, Timers, Which,
};
use holdfast_engine::verify::Secret;
use jiff::Timestamp;
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
    /// Dead letters whose calls may fail.
    FaultyDeadLetters
    /// Lists of operations whose calls may fail.
    FaultyOperations
    /// Alerts whose calls may fail.
    FaultyAlerts
    /// Definitions whose calls may fail.
    FaultyDefinitions
    /// Secrets whose calls may fail.
    FaultySecrets
}

impl<P: Ports> Queue for FaultyQueue<P> {
    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        self.faults.port(self.inner.queue().send(messages)).await
    }

    fn coarseness(&self) -> Duration {
        self.inner.queue().coarseness()
    }
}

impl<P: Ports> Timers for FaultyTimers<P> {
    async fn arm(&self, timer: Timer) -> Result<(), PortError> {
        self.faults.port(self.inner.timers().arm(timer)).await
    }
}

impl<P: Ports> DeadLetters for FaultyDeadLetters<P> {
    fn queues(&self) -> Vec<QueueName> {
        self.inner.dead_letters().queues()
    }

    async fn list(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, PortError> {
        let list = self.inner.dead_letters().list(queue, after, limit);
        self.faults.port(list).await
    }

    async fn arrived(
        &self,
        queue: &QueueName,
        after: (Timestamp, &MessageId),
        limit: usize,
    ) -> Result<Vec<DeadLetter>, PortError> {
        let list = self.inner.dead_letters().arrived(queue, after, limit);
        self.faults.port(list).await
    }

    async fn redrive(&self, queue: &QueueName, which: Redrive) -> Result<usize, PortError> {
        let redrive = self.inner.dead_letters().redrive(queue, which);
        self.faults.port(redrive).await
    }
}

impl<P: Ports> OperationList for FaultyOperations<P> {
    async fn list(
        &self,
        which: Which,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Operations, PortError> {
        let list = self.inner.operations().list(which, after, limit);
        self.faults.port(list).await
    }
}

impl<P: Ports> Alerts for FaultyAlerts<P> {
    async fn publish(&self, alert: &Alert) -> Result<(), PortError> {
        self.faults.port(self.inner.alerts().publish(alert)).await
    }
}

impl<P: Ports> Definitions for FaultyDefinitions<P> {
    async fn tenants(&self) -> Result<Vec<TenantName>, PortError> {
        self.faults.port(self.inner.definitions().tenants()).await
    }

    async fn live(
        &self,
        tenant: &TenantName,
    ) -> Result<Option<Arc<[Arc<Pack>]>>, DefinitionsError> {
        self.faults
            .port(self.inner.definitions().live(tenant))
            .await
    }

    async fn canaries(&self, tenant: &TenantName) -> Result<Arc<[Canary]>, DefinitionsError> {
        let canaries = self.inner.definitions().canaries(tenant);
        self.faults.port(canaries).await
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
