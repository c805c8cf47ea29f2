//! Versions as they were published: their texts, and the catalog that they compile with.

use std::sync::Arc;

use holdfast_engine::definition::model::{ManifestId, Pack};
use holdfast_engine::definition::{self, Catalog, Files};
use holdfast_engine::port::{Clock, DefinitionsError, Item, PortError};

use super::DynamoDefinitions;
use super::stored::{Version, decode, text_partition, version_partition};
use crate::dynamo::Consistency;

impl<C: Clock> DynamoDefinitions<C> {
    /// The texts of a version by their paths.
    ///
    /// # Errors
    /// [`DefinitionsError`] when it is not published, or the table cannot be read.
    pub async fn texts(&self, manifest: &ManifestId) -> Result<Files, DefinitionsError> {
        let version = self.stored(manifest).await?;
        self.files(manifest, version).await
    }

    pub(super) async fn compile(&self, manifest: &ManifestId) -> Result<Pack, DefinitionsError> {
        let version = self.stored(manifest).await?;
        let catalog = self.catalog(&version.catalog).await?;
        let files = self.files(manifest, version).await?;
        definition::load_published(&files, &catalog).map_err(|mistakes| {
            let first = mistakes.first().map(ToString::to_string);
            DefinitionsError::NotCompiled(manifest.clone(), first.unwrap_or_default())
        })
    }

    async fn stored(&self, manifest: &ManifestId) -> Result<Version, DefinitionsError> {
        let partition = version_partition(manifest);
        let version = self.items.one(self.slot(&partition)).await?;
        let missing = || DefinitionsError::NotPublished(manifest.clone());
        Ok(decode(&version.ok_or_else(missing)?)?)
    }

    async fn files(
        &self,
        manifest: &ManifestId,
        version: Version,
    ) -> Result<Files, DefinitionsError> {
        let hashes: Vec<_> = version
            .files
            .values()
            .map(|hash| text_partition(hash))
            .collect();
        let slots: Vec<_> = hashes.iter().map(|hash| self.slot(hash)).collect();
        let texts = self.items.all(&slots, Consistency::Strong).await?;
        let pairs = version.files.into_keys().zip(texts);
        let file = |(path, item): (String, Option<Item>)| Some((path, item?.body));
        let files: Option<Files> = pairs.map(file).collect();
        files.ok_or_else(|| DefinitionsError::NotPublished(manifest.clone()))
    }

    /// The step functions that a version was checked with.
    async fn catalog(&self, hash: &str) -> Result<Arc<Catalog>, PortError> {
        if let Some(known) = self.read(|state| state.catalogs.get(hash).cloned()) {
            return Ok(known);
        }
        let partition = text_partition(hash);
        let item = self.items.one(self.slot(&partition)).await?;
        let missing = || PortError::Unavailable(format!("the catalog {hash} is not published"));
        let catalog: Arc<Catalog> = Arc::new(decode(&item.ok_or_else(missing)?)?);
        self.steps.extend(catalog.0.keys().cloned());
        self.write(|state| {
            state.catalogs.insert(hash.to_owned(), Arc::clone(&catalog));
        });
        Ok(catalog)
    }
}
