//! What the step takes and gives.

use holdfast_engine::name::{RecordId, RecordType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The record to change. What changes travels as expressions in the definition, and is evaluated
/// against the version that is being replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// The record's type.
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    pub record_type: RecordType,
    /// The record's id, where it is known.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub record: Option<RecordId>,
    /// The natural key's values, in order, where the id is not known.
    #[serde(default)]
    pub key: Vec<Json>,
    /// Whether a record that is not found is created.
    #[serde(default)]
    pub create: bool,
}

/// The record after the step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Its snapshot.
    pub record: Json,
    /// Whether the change was refused by a transition, a guard or an invariant.
    pub refused: bool,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
