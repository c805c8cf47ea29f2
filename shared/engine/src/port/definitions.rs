//! Compiled definitions: what is live now, and the version that an execution keeps.

use std::future::Future;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::PortError;
use crate::definition::model::{ManifestId, Pack};
use crate::name::{PackName, TenantName};

/// Why there is no definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionsError {
    /// The version was never published here.
    #[error("version {0} is not published")]
    NotPublished(ManifestId),
    /// The stored texts do not compile with this binary.
    #[error("version {0} does not compile: {1}")]
    NotCompiled(ManifestId, String),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl DefinitionsError {
    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.code(),
            Self::NotPublished(_) | Self::NotCompiled(..) => "DefinitionMissing",
        }
    }
}

/// A version that has a share of the records before it is live for all of them.
#[derive(Debug, Clone)]
pub struct Canary {
    /// The version.
    pub pack: Arc<Pack>,
    /// Its share of the records, in percent.
    pub percent: u8,
}

impl Canary {
    /// Whether it is a version of the same pack.
    #[must_use]
    pub fn replaces(&self, pack: &Pack) -> bool {
        self.pack.manifest.pack == pack.manifest.pack
    }
}

/// Compiled definitions.
pub trait Definitions: Send + Sync {
    /// The tenants, in the order of their names.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn tenants(&self) -> impl Future<Output = Result<Vec<TenantName>, PortError>> + Send;

    /// The live version of each pack; `None`: there is no such tenant.
    ///
    /// # Errors
    /// [`DefinitionsError`] when a version cannot be had.
    fn live(
        &self,
        tenant: &TenantName,
    ) -> impl Future<Output = Result<Option<Arc<[Arc<Pack>]>>, DefinitionsError>> + Send;

    /// The versions that have a share of a tenant's records; none where a version goes live for
    /// all of them at once.
    ///
    /// # Errors
    /// [`DefinitionsError`] when a version cannot be had.
    fn canaries(
        &self,
        _tenant: &TenantName,
    ) -> impl Future<Output = Result<Arc<[Canary]>, DefinitionsError>> + Send {
        async { Ok(Arc::default()) }
    }

    /// One version of a pack.
    ///
    /// # Errors
    /// [`DefinitionsError`] when it cannot be had.
    fn version(
        &self,
        manifest: &ManifestId,
    ) -> impl Future<Output = Result<Arc<Pack>, DefinitionsError>> + Send;

    /// The tenant's settings for a pack: defaults and what was set.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    fn config(
        &self,
        tenant: &TenantName,
        pack: &PackName,
    ) -> impl Future<Output = Result<Arc<Map<String, Json>>, PortError>> + Send;
}
