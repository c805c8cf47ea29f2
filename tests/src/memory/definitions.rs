//! Compiled packs, each live for every tenant.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_engine::definition::model::{ManifestId, Pack};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{Canary, Definitions, DefinitionsError, PortError};
use serde_json::{Map, Value as Json};

/// Compiled packs.
#[derive(Debug)]
pub struct MemoryDefinitions {
    packs: Arc<[Arc<Pack>]>,
    canaries: Mutex<Arc<[Canary]>>,
    /// Versions that were canaries: executions keep them.
    tried: Mutex<Vec<Arc<Pack>>>,
    config: Mutex<Arc<Map<String, Json>>>,
}

impl MemoryDefinitions {
    pub(super) fn new(packs: impl IntoIterator<Item = Arc<Pack>>) -> Self {
        Self {
            packs: packs.into_iter().collect(),
            canaries: Mutex::default(),
            tried: Mutex::default(),
            config: Mutex::default(),
        }
    }

    /// Gives versions a share of every tenant's records, in place of those that have one.
    pub fn try_out(&self, canaries: impl IntoIterator<Item = Canary>) {
        let canaries: Arc<[Canary]> = canaries.into_iter().collect();
        let packs = canaries.iter().map(|canary| Arc::clone(&canary.pack));
        locked(&self.tried).extend(packs);
        *locked(&self.canaries) = canaries;
    }

    /// Sets the settings of every tenant.
    pub fn configure(&self, config: Map<String, Json>) {
        *locked(&self.config) = Arc::new(config);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Definitions for MemoryDefinitions {
    async fn tenants(&self) -> Result<Vec<TenantName>, PortError> {
        Ok(TenantName::new("demo").into_iter().collect())
    }

    async fn live(&self, _: &TenantName) -> Result<Option<Arc<[Arc<Pack>]>>, DefinitionsError> {
        Ok(Some(Arc::clone(&self.packs)))
    }

    async fn canaries(&self, _: &TenantName) -> Result<Arc<[Canary]>, DefinitionsError> {
        Ok(Arc::clone(&locked(&self.canaries)))
    }

    async fn version(&self, manifest: &ManifestId) -> Result<Arc<Pack>, DefinitionsError> {
        let tried = locked(&self.tried);
        let mut known = self.packs.iter().chain(tried.iter());
        let found = known.find(|pack| pack.manifest == *manifest);
        found
            .cloned()
            .ok_or_else(|| DefinitionsError::NotPublished(manifest.clone()))
    }

    async fn config(
        &self,
        _: &TenantName,
        _: &PackName,
    ) -> Result<Arc<Map<String, Json>>, PortError> {
        Ok(Arc::clone(&locked(&self.config)))
    }
}
