//! Compiled definitions: published texts, compiled once per version and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use holdfast_engine::definition::model::{ManifestId, Pack};
use holdfast_engine::definition::{self, Catalog, Files};
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{Definitions, DefinitionsError, PortError};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::store::{SqliteDefinitions, SqliteSettings, Store};

/// The live packs of the tenants that this process serves, and every version that an execution
/// still keeps.
#[derive(Debug)]
pub struct LiveDefinitions {
    published: SqliteDefinitions,
    settings: SqliteSettings,
    catalog: Arc<Catalog>,
    state: RwLock<State>,
}

type Settings = Arc<Map<String, Json>>;

/// The live packs of a tenant, or why they cannot be had.
type Live = Result<Arc<[Arc<Pack>]>, DefinitionsError>;

#[derive(Debug, Default)]
struct State {
    live: BTreeMap<TenantName, Live>,
    versions: BTreeMap<ManifestId, Arc<Pack>>,
    config: BTreeMap<(TenantName, PackName), Settings>,
    /// Raised whenever settings that were read may have changed.
    epoch: u64,
}

/// A pack to serve: compiled, with the texts that it was compiled from.
#[derive(Debug, Clone)]
pub struct LoadedPack {
    /// The compiled pack.
    pub pack: Arc<Pack>,
    /// Its texts by path.
    pub files: Files,
}

impl LiveDefinitions {
    pub(crate) fn new(store: Store, catalog: Arc<Catalog>) -> Self {
        let settings = SqliteSettings::new(store.clone());
        let published = SqliteDefinitions::new(store);
        Self {
            published,
            settings,
            catalog,
            state: RwLock::default(),
        }
    }

    /// Makes these versions live for a tenant, and no others.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn publish(
        &self,
        tenant: &TenantName,
        packs: &[LoadedPack],
        at: Timestamp,
    ) -> Result<(), PortError> {
        for LoadedPack { pack, files } in packs {
            self.published
                .publish(tenant, &pack.manifest, files.clone(), at)
                .await?;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for LoadedPack { pack, .. } in packs {
            state
                .versions
                .insert(pack.manifest.clone(), Arc::clone(pack));
        }
        let live = packs.iter().map(|loaded| Arc::clone(&loaded.pack));
        state.live.insert(tenant.clone(), Ok(live.collect()));
        state.epoch += 1;
        state.config.retain(|(owner, _), _| owner != tenant);
        Ok(())
    }

    /// Makes the versions live that were so when a process last served this folder. One that does
    /// not compile with this program is left out.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub(crate) fn recall(&self) -> Result<(), PortError> {
        self.recall_as(|versions| {
            let usable = |version: Result<_, DefinitionsError>| {
                version
                    .inspect_err(|error| tracing::warn!(%error, "a version cannot be used"))
                    .ok()
            };
            Ok(versions.into_iter().filter_map(usable).collect())
        })
    }

    /// The same for whoever only looks: a tenant with a version that does not compile has none,
    /// since what that version hides would be shown.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub(crate) fn recall_all(&self) -> Result<(), PortError> {
        self.recall_as(|versions| versions.into_iter().collect())
    }

    fn recall_as(
        &self,
        live: impl Fn(Vec<Result<Arc<Pack>, DefinitionsError>>) -> Live,
    ) -> Result<(), PortError> {
        for tenant in self.published.tenants()? {
            let mut versions = Vec::new();
            for published in self.published.live(&tenant)? {
                match self.compile(&published.manifest) {
                    Err(DefinitionsError::Port(error)) => return Err(error),
                    version => versions.push(version),
                }
            }
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.live.insert(tenant, live(versions));
        }
        Ok(())
    }

    /// Forgets the settings that were read, since they were changed.
    pub fn forget_settings(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.epoch += 1;
        state.config.clear();
    }

    fn compile(&self, manifest: &ManifestId) -> Result<Arc<Pack>, DefinitionsError> {
        let files = self.published.texts(manifest)?;
        let files = files.ok_or_else(|| DefinitionsError::NotPublished(manifest.clone()))?;
        let compiled = definition::load(&files, &self.catalog);
        let (pack, _) = compiled.map_err(|mistakes| {
            let first = mistakes
                .first()
                .map(ToString::to_string)
                .unwrap_or_default();
            DefinitionsError::NotCompiled(manifest.clone(), first)
        })?;
        Ok(Arc::new(pack))
    }

    fn read_config(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Map<String, Json>, PortError> {
        let mut config = self.defaults(tenant, pack);
        config.extend(self.settings.current(tenant, pack)?);
        Ok(config)
    }

    fn defaults(&self, tenant: &TenantName, pack: &PackName) -> Map<String, Json> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let live = state.live.get(tenant).and_then(|live| live.as_ref().ok());
        let live = live.and_then(|packs| packs.iter().find(|p| p.manifest.pack == *pack));
        let fields = live.map(|pack| &pack.config).into_iter().flatten();
        fields
            .filter_map(|(name, field)| Some((name.clone(), field.default.clone()?)))
            .collect()
    }
}

impl Definitions for LiveDefinitions {
    async fn tenants(&self) -> Result<Vec<TenantName>, PortError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Ok(state.live.keys().cloned().collect())
    }

    async fn live(
        &self,
        tenant: &TenantName,
    ) -> Result<Option<Arc<[Arc<Pack>]>>, DefinitionsError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.live.get(tenant).cloned().transpose()
    }

    async fn version(&self, manifest: &ManifestId) -> Result<Arc<Pack>, DefinitionsError> {
        let known = self
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .versions
            .get(manifest)
            .cloned();
        if let Some(pack) = known {
            return Ok(pack);
        }
        let pack = self.compile(manifest)?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.versions.insert(manifest.clone(), Arc::clone(&pack));
        Ok(pack)
    }

    async fn config(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> Result<Arc<Map<String, Json>>, PortError> {
        let key = (tenant.clone(), pack.clone());
        let (known, epoch) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            (state.config.get(&key).cloned(), state.epoch)
        };
        if let Some(config) = known {
            return Ok(config);
        }
        let config = Arc::new(self.read_config(tenant, pack)?);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.epoch == epoch {
            state.config.insert(key, Arc::clone(&config));
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Definitions of a store with a version that compiles, and one that does not.
    async fn with_a_broken_version(folder: &std::path::Path) -> LiveDefinitions {
        let store = Store::open(folder).unwrap();
        let published = SqliteDefinitions::new(store.clone());
        for (pack, text) in [("shop", "pack: shop\n"), ("broken", "pack: [\n")] {
            let manifest = ManifestId {
                pack: PackName::new(pack).unwrap(),
                hash: pack.into(),
            };
            let files = Files::from([("pack.yaml".to_owned(), text.to_owned())]);
            let at = Timestamp::UNIX_EPOCH;
            published
                .publish(&tenant(), &manifest, files, at)
                .await
                .unwrap();
        }
        LiveDefinitions::new(store, Arc::default())
    }

    fn tenant() -> TenantName {
        TenantName::new("demo").unwrap()
    }

    #[tokio::test]
    async fn whoever_acts_goes_on_without_a_version_that_does_not_compile() {
        let folder = tempfile::tempdir().unwrap();
        let definitions = with_a_broken_version(folder.path()).await;
        definitions.recall().unwrap();
        let live = definitions.live(&tenant()).await.unwrap().unwrap();
        let names: Vec<_> = live.iter().map(|it| it.manifest.pack.as_str()).collect();
        assert_eq!(names, ["shop"]);
    }

    #[tokio::test]
    async fn whoever_looks_is_told_of_a_version_that_does_not_compile() {
        let folder = tempfile::tempdir().unwrap();
        let definitions = with_a_broken_version(folder.path()).await;
        definitions.recall_all().unwrap();
        assert_eq!(definitions.tenants().await.unwrap(), [tenant()]);
        let error = definitions.live(&tenant()).await.unwrap_err();
        assert!(matches!(error, DefinitionsError::NotCompiled(..)));
        let other = TenantName::new("other").unwrap();
        assert!(definitions.live(&other).await.unwrap().is_none());
    }
}
