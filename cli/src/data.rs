//! The data folder that a command looks into.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control;
use holdfast_embedded::store::{SqliteDefinitions, SqliteJournal, Store};
use holdfast_engine::name::TenantName;
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

    /// Opens the store for reading, beside a process that serves.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when there is none.
    pub(crate) fn read(&self) -> Result<Store, Failure> {
        let denied = |error: &std::io::Error| error.kind() == ErrorKind::PermissionDenied;
        if std::fs::read_dir(&self.data).is_err_and(|error| denied(&error)) {
            let message = format!(
                "this user may not read {}: run the command as the one who started `serve`",
                self.data.display()
            );
            return Err(Failure::unreachable("DataFolderDenied", message));
        }
        Ok(Store::open_read_only(&self.data)?)
    }
}

/// The tenant that was named, else the only one there is.
///
/// # Errors
/// [`Failure::Usage`] when there are several.
pub(crate) fn tenant(wanted: Option<&TenantName>, store: &Store) -> Result<TenantName, Failure> {
    if let Some(tenant) = wanted {
        return Ok(tenant.clone());
    }
    let tenants = SqliteDefinitions::new(store.clone()).tenants()?;
    match tenants.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let names: Vec<_> = several.iter().map(TenantName::as_str).collect();
            let message = format!("say whose with --tenant: {}", names.join(", "));
            Err(Failure::Usage(message))
        }
    }
}

/// The journal of a store.
pub(crate) fn journal(store: &Store) -> SqliteJournal<SystemClock> {
    SqliteJournal::new(store.clone(), SystemClock)
}

/// The definitions that a tenant's timelines are told with. Where they do not compile with this
/// program, everything is hidden, and the timeline is told all the same.
pub(crate) fn glossary(store: &Store, tenant: &TenantName, shows_pii: bool) -> Glossary {
    let packs = control::published(store, tenant).unwrap_or_else(|error| {
        tracing::warn!(error = %error, "definitions cannot be read; values are hidden");
        Vec::new()
    });
    if shows_pii {
        Glossary::open(packs)
    } else {
        Glossary::masked(packs)
    }
}
