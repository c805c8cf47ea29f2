//! Doing what people ask for, on the ports: of a data folder, within the process that serves it or
//! alone while none does, or of whatever else has ports.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use holdfast_engine::breaker::{self, Changed, Refusal};
use holdfast_engine::import::{self, Batch, ImportError};
use holdfast_engine::operate::{Operate, Operator};
use holdfast_engine::port::{Clock, Ports};
use holdfast_receive_webhook::WebhookDoor;

use super::protocol::{Held, Hold, Operated, Word};
use super::together::together;
use crate::entropy::OsEntropy;
use crate::identity;
use crate::ports::{EmbeddedPorts, Parts, Random};
use crate::registry::catalog;
use crate::secrets::LocalSecrets;
use crate::store::Store;
use crate::system::StartError;

/// Does what people ask for.
#[derive(Debug)]
pub struct Desk<P> {
    ports: Arc<P>,
    operator: Operator<P, WebhookDoor>,
}

impl<C: Clock + Clone + 'static> Desk<EmbeddedPorts<C>> {
    /// Takes a data folder that nobody serves. Nothing works on what is sent: it waits for the
    /// process that serves next.
    ///
    /// # Errors
    /// [`StartError`] when there is no store, another process holds it, or it is unusable.
    pub fn alone(folder: &Path, clock: C) -> Result<Self, StartError> {
        // Not opened for writing before it is known to be a store: opening makes one.
        drop(Store::open_read_only(folder)?);
        let desk = Self::on(folder, &Store::open(folder)?, clock)?;
        desk.ports.definitions.recall()?;
        Ok(desk)
    }

    /// A desk that only looks, at the store of a folder that was opened for reading, beside the
    /// process that serves: whatever writes is refused.
    ///
    /// # Errors
    /// [`StartError`] when the folder is unusable.
    pub fn looking(folder: &Path, store: &Store, clock: C) -> Result<Self, StartError> {
        let desk = Self::on(folder, store, clock)?;
        desk.ports.definitions.recall_all()?;
        Ok(desk)
    }

    fn on(folder: &Path, store: &Store, clock: C) -> Result<Self, StartError> {
        let identity_key = identity::read(folder).map_err(StartError::Identity)?;
        let parts = Parts {
            catalog: catalog::<C>(),
            // Nothing is called and nothing is verified from here.
            secrets: LocalSecrets::of(&BTreeMap::new(), identity_key),
            clock,
            entropy: Random::Os(OsEntropy),
            public_url: None,
        };
        Ok(Self::of(&Arc::new(EmbeddedPorts::on(store, parts))))
    }
}

impl<P: Ports> Desk<P> {
    /// A desk on these ports.
    #[must_use]
    pub fn of(ports: &Arc<P>) -> Self {
        Self {
            ports: Arc::clone(ports),
            operator: Operator::new(Arc::clone(ports), WebhookDoor),
        }
    }

    /// The ports.
    #[must_use]
    pub fn ports(&self) -> &P {
        &self.ports
    }

    /// Does what people ask for, all of it at the same time: what is committed together costs one
    /// sync. The answers have the order of the requests.
    pub async fn operate(&self, requests: Vec<Operate>) -> Vec<Operated> {
        let each = |request| Box::pin(self.operate_one(request));
        together(requests.into_iter().map(each).collect()).await
    }

    async fn operate_one(&self, request: Operate) -> Operated {
        match self.operator.operate(request).await {
            Ok(outcome) => Operated::Done(Box::new(outcome)),
            Err(error) => Operated::Refused(error.into()),
        }
    }

    /// Applies a part of an import, and tells what became of each row.
    ///
    /// # Errors
    /// [`ImportError`]; rows may have been applied. The same part once more ends it.
    pub async fn import(&self, batch: &Batch) -> Result<Vec<import::Outcome>, ImportError> {
        Box::pin(import::apply(self.ports(), batch)).await
    }

    /// Stops or starts a workflow, or all calls through a connection.
    ///
    /// # Errors
    /// [`Refusal`] when it has no effect, or the store fails.
    pub async fn hold(&self, hold: &Hold) -> Result<Changed, Refusal> {
        let (ports, tenant) = (self.ports.as_ref(), &hold.tenant);
        let subject = match &hold.what {
            Held::Workflow(name) => breaker::workflow(ports, tenant, name).await?,
            Held::Connection(name) => breaker::connection(ports, tenant, name).await?,
        };
        match &hold.word {
            Word::Stop { by, reason } => breaker::stop(ports, tenant, &subject, by, reason).await,
            Word::Start { by, reason } => {
                breaker::start(ports, tenant, &subject, by, reason.as_deref()).await
            }
        }
    }
}
