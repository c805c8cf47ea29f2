//! A pack and its identity.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Auth, Connection, RecordDefinition, Source, ValueExpression, Workflow};
use crate::field::Field;
use crate::name::{ConnectionName, PackName, RecordType, SourceName, WorkflowName};

/// The identity of a pack's texts: its name and the SHA-256 of every file, so that an execution
/// keeps exactly the version that it started with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ManifestId {
    /// The pack.
    pub pack: PackName,
    /// Lower-case hexadecimal SHA-256 over names and texts.
    pub hash: Arc<str>,
}

impl ManifestId {
    /// The first eight digits of the hash: what people see as the version.
    #[must_use]
    pub fn short(&self) -> &str {
        self.hash.get(..8).unwrap_or(&self.hash)
    }
}

impl fmt::Display for ManifestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.pack, self.short())
    }
}

/// A folder of definitions that form one system, compiled.
#[derive(Debug)]
pub struct Pack {
    /// Name and version.
    pub manifest: ManifestId,
    /// Settings whose values each tenant sets.
    pub config: BTreeMap<String, Field>,
    /// Record types.
    pub records: BTreeMap<RecordType, Arc<RecordDefinition>>,
    /// Webhook endpoints.
    pub sources: BTreeMap<SourceName, Arc<Source>>,
    /// External services.
    pub connections: BTreeMap<ConnectionName, Arc<Connection>>,
    /// Workflows.
    pub workflows: BTreeMap<WorkflowName, Arc<Workflow>>,
    /// Where alerts go.
    pub alerts: Option<Alerts>,
}

impl Pack {
    /// The names of the secrets that sources and connections use.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        let sources = self
            .sources
            .values()
            .flat_map(|source| &source.verify.secrets);
        let auths = self
            .connections
            .values()
            .filter_map(|connection| connection.auth.as_ref());
        let auths = auths.flat_map(Auth::secret_names);
        sources.chain(auths).map(String::as_str)
    }
}

/// Where a pack's alerts go.
#[derive(Debug, Clone)]
pub struct Alerts {
    /// The chat connection.
    pub slack: Option<ConnectionName>,
    /// The SMS connection.
    pub sms: Option<ConnectionName>,
    /// On-call phones in order of escalation.
    pub phones: Vec<ValueExpression>,
}
