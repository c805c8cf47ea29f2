//! The published packs of a tenant, compiled, without a running system.

use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_engine::definition::{self, Diagnostic};
use holdfast_engine::name::TenantName;
use holdfast_engine::port::DefinitionsError;

use crate::clock::SystemClock;
use crate::registry::catalog;
use crate::store::{SqliteDefinitions, Store};

/// The live packs of a tenant.
///
/// # Errors
/// [`DefinitionsError`] when a version is missing or does not compile with this binary.
pub fn published(store: &Store, tenant: &TenantName) -> Result<Vec<Arc<Pack>>, DefinitionsError> {
    let definitions = SqliteDefinitions::new(store.clone());
    let catalog = catalog::<SystemClock>();
    let compile = |manifest| {
        let files = definitions.texts(&manifest)?;
        let files = files.ok_or_else(|| DefinitionsError::NotPublished(manifest.clone()))?;
        let first = |mistakes: Vec<Diagnostic>| {
            let first = mistakes.first().map(ToString::to_string);
            DefinitionsError::NotCompiled(manifest.clone(), first.unwrap_or_default())
        };
        let (pack, _) = definition::load(&files, &catalog).map_err(first)?;
        Ok(Arc::new(pack))
    };
    let live = definitions.live(tenant)?;
    live.into_iter()
        .map(|published| compile(published.manifest))
        .collect()
}
