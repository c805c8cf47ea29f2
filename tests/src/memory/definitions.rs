//! Compiled packs, each live for every tenant.

use std::sync::{Arc, Mutex, PoisonError};

use holdfast_engine::definition::model::{ManifestId, Pack};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{Definitions, DefinitionsError, PortError};
use serde_json::{Map, Value as Json};

/// Compiled packs.
#[derive(Debug)]
pub struct MemoryDefinitions {
    packs: Arc<[Arc<Pack>]>,
    config: Mutex<Arc<Map<String, Json>>>,
}

impl MemoryDefinitions {
    pub(super) fn new(packs: impl IntoIterator<Item = Arc<Pack>>) -> Self {
        Self {
            packs: packs.into_iter().collect(),
            config: Mutex::default(),
        }
    }

    /// Sets the settings of every tenant.
    pub fn configure(&self, config: Map<String, Json>) {
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

impl Definitions for MemoryDefinitions {
    async fn tenants(&self) -> Result<Vec<TenantName>, PortError> {
        Ok(TenantName::new("demo").into_iter().collect())
    }

    async fn live(&self, _: &TenantName) -> Result<Option<Arc<[Arc<Pack>]>>, DefinitionsError> {
        Ok(Some(Arc::clone(&self.packs)))
    }

    async fn version(&self, manifest: &ManifestId) -> Result<Arc<Pack>, DefinitionsError> {
        let found = self.packs.iter().find(|pack| pack.manifest == *manifest);
        found
            .cloned()
            .ok_or_else(|| DefinitionsError::NotPublished(manifest.clone()))
    }

    async fn config(
        &self,
        _: &TenantName,
        _: &PackName,
    ) -> Result<Arc<Map<String, Json>>, PortError> {
        let config = self.config.lock();
        Ok(Arc::clone(&config.unwrap_or_else(PoisonError::into_inner)))
    }
}
