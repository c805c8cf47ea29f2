//! What a stage has and a data folder has not: published versions to change, a public door.

use std::fmt;

use clap::Args;
use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::ManifestId;
use holdfast_engine::name::{PackName, TenantName};

use crate::failure::Failure;
use crate::packs::FolderPack;

/// Which stage.
#[derive(Debug, Clone, Args)]
pub(crate) struct OnStage {
    /// The stage on AWS
    #[arg(long)]
    stage: String,
    /// Its stack; `holdfast-<stage>` where it is left out
    #[arg(long)]
    stack: Option<String>,
}

impl OnStage {
    /// Its stack.
    pub(crate) fn stack(&self) -> StackName {
        StackName::of(&self.stage, self.stack.as_deref())
    }
}

/// Which stage, if any.
#[derive(Debug, Clone, Args)]
pub(crate) struct MaybeStage {
    /// A stage on AWS
    #[arg(long)]
    stage: Option<String>,
    /// Its stack; `holdfast-<stage>` where it is left out
    #[arg(long, requires = "stage")]
    stack: Option<String>,
}

impl MaybeStage {
    /// Its stack.
    pub(crate) fn stack(&self) -> Option<StackName> {
        let stage = self.stage.as_ref()?;
        Some(StackName::of(stage, self.stack.as_deref()))
    }
}

/// The name of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StackName(String);

impl StackName {
    /// The stack of a stage: the one that is named, else the usual one.
    fn of(stage: &str, named: Option<&str>) -> Self {
        Self(named.map_or_else(|| format!("holdfast-{stage}"), str::to_owned))
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is live of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// The version of every record that no canary has.
    pub(crate) stable: ManifestId,
    /// A version that has a share of the records.
    pub(crate) canary: Option<Share>,
}

/// A version with its share of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    /// The version.
    pub(crate) version: ManifestId,
    /// The share.
    pub(crate) percent: u8,
}

impl fmt::Display for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stable)?;
        match &self.canary {
            None => Ok(()),
            Some(canary) => write!(f, " ({canary})"),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "canary {} of {}%", self.version, self.percent)
    }
}

/// Where webhooks are posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webhook {
    /// The address, without a slash at its end.
    pub(crate) url: String,
    /// The `Host` header, where the address does not say it: an emulator tells its APIs by it.
    pub(crate) host: Option<String>,
}

/// Published versions, and the door.
pub(crate) trait Stack {
    /// The tenants that the stack serves.
    fn tenants(&self) -> Vec<TenantName>;

    /// What is live for a tenant, in the order of the packs' names.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    async fn live(&self, tenant: &TenantName) -> Result<Vec<Live>, Failure>;

    /// The texts of a version by their paths.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be read.
    async fn texts(&self, version: &ManifestId) -> Result<Files, Failure>;

    /// Makes a version live for all records, and ends the pack's canary; or gives it a share of
    /// the records, in percent, beside the stable version.
    ///
    /// # Errors
    /// [`Failure`] when somebody else published meanwhile, or the store fails.
    async fn publish(
        &self,
        tenant: &TenantName,
        pack: &FolderPack,
        canary: Option<u8>,
        by: &str,
    ) -> Result<(), Failure>;

    /// Ends the canary of a pack; without one, makes the version before live again. Says what is
    /// live then.
    ///
    /// # Errors
    /// [`Failure`] when there is none before, or the store fails.
    async fn rollback(
        &self,
        tenant: &TenantName,
        pack: &PackName,
        by: &str,
    ) -> Result<Live, Failure>;

    /// Sets a secret to the well-known one of development, where a sandbox answers every
    /// connection; says whether it did.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be set.
    async fn keep_development_secret(
        &self,
        tenant: &TenantName,
        name: &str,
    ) -> Result<bool, Failure>;

    /// Where webhooks are posted.
    ///
    /// # Errors
    /// [`Failure`] when the stack does not say.
    async fn webhook(&self) -> Result<Webhook, Failure>;
}
