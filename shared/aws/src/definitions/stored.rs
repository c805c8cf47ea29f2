//! The items of the definitions table.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdfast_engine::definition::model::ManifestId;
use holdfast_engine::name::{PackName, TenantName};
use holdfast_engine::port::{Item, PortError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A version that a tenant has, with the number of its publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The version's hash.
    pub hash: Arc<str>,
    /// The number of its publication, from 1.
    pub seq: u64,
}

/// A version on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// The version.
    #[serde(flatten)]
    pub release: Release,
    /// The share of home records whose new executions take it, of 100.
    pub percent: u8,
}

/// What is live of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The version of everybody else.
    pub stable: Release,
    /// The version on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// The number of the latest publication.
    pub latest: u64,
}

/// A version: the hashes of its texts by path, and of the catalog that it was checked with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) files: BTreeMap<String, String>,
    pub(super) catalog: String,
}

pub(super) fn text_partition(hash: &str) -> String {
    format!("def#{hash}")
}

pub(super) fn version_partition(manifest: &ManifestId) -> String {
    format!("version#{}@{}", manifest.pack, manifest.hash)
}

pub(super) fn live_partition(tenant: &TenantName) -> String {
    format!("{tenant}#live")
}

pub(super) fn pack_partition(tenant: &TenantName, pack: &PackName) -> String {
    format!("{tenant}#{pack}")
}

pub(super) fn publication_sort(seq: u64) -> String {
    format!("m#{seq:010}")
}

pub(super) fn decode<T: DeserializeOwned>(item: &Item) -> Result<T, PortError> {
    serde_json::from_str(&item.body)
        .map_err(|error| PortError::Unavailable(format!("a definition does not decode: {error}")))
}

pub(super) fn encode(value: &impl Serialize) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|error| PortError::Unavailable(error.to_string()))
}
