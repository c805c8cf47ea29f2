//! The data folder of a command, and whose data it is about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Definitions, DefinitionsError, Ports};
use holdfast_engine::timeline::Glossary;

use crate::failure::Failure;

/// The default data folder.
pub(crate) const FOLDER: &str = ".holdfast";

/// The tenant that `--dev` and `demo` serve.
pub(crate) const DEVELOPMENT_TENANT: &str = "demo";

/// Which data folder.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataFolder {
    /// The data folder of `holdfast serve`
    #[arg(long, value_name = "FOLDER", default_value = FOLDER)]
    pub(crate) data: PathBuf,
}

impl DataFolder {
    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.data
    }
}

/// The tenant that was named, else the only one there is.
///
/// # Errors
/// [`Failure::Usage`] when there are several.
pub(crate) async fn tenant(
    wanted: Option<&TenantName>,
    ports: &impl Ports,
) -> Result<TenantName, Failure> {
    if let Some(tenant) = wanted {
        return Ok(tenant.clone());
    }
    let tenants = ports.definitions().tenants().await?;
    match tenants.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let names: Vec<_> = several.iter().map(TenantName::as_str).collect();
            let message = format!("say whose with --tenant: {}", names.join(", "));
            Err(Failure::Usage(message))
        }
    }
}

/// The versions that may decide about a tenant's records: the live ones and the canaries.
///
/// # Errors
/// [`DefinitionsError`] when one of them cannot be had.
pub(crate) async fn packs(
    ports: &impl Ports,
    tenant: &TenantName,
) -> Result<Vec<Arc<Pack>>, DefinitionsError> {
    let live = ports.definitions().live(tenant).await?.unwrap_or_default();
    let canaries = ports.definitions().canaries(tenant).await?;
    let canaries = canaries.iter().map(|canary| &canary.pack);
    Ok(live.iter().chain(canaries).cloned().collect())
}

/// The definitions that a tenant's timelines are told with. Where they do not compile with this
/// program, everything is hidden, and the timeline is told all the same.
pub(crate) async fn glossary(ports: &impl Ports, tenant: &TenantName, shows_pii: bool) -> Glossary {
    let packs = packs(ports, tenant).await.unwrap_or_else(|error| {
        tracing::warn!(error = %error, "definitions cannot be read; values are hidden");
        Vec::new()
    });
    if shows_pii {
        Glossary::open(packs)
    } else {
        Glossary::masked(packs)
    }
}
