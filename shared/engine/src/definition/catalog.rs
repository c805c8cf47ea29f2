//! The step functions that definitions may use, with what they take and give.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::model::ConnectionKind;
use crate::name::FunctionName;
use crate::step::{Keeps, Step};

/// What a step function takes and gives. It can be stored: whoever compiles definitions needs the
/// signatures of functions whose code is not in their own program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// What `uses:` says.
    pub name: String,
    /// The kinds of connection that `via:` may name; empty: the step has no connection.
    pub connections: Vec<ConnectionKind>,
    /// The members of the output that become the step's result; none: all of them.
    pub keeps: Option<Vec<String>>,
    /// The member of its input that is a list in a batch; none: it does not batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<String>,
    /// Whether it can read what its receiver gives page by page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pages: bool,
    /// JSON Schema of its input.
    pub input: Json,
    /// JSON Schema of its output.
    pub output: Json,
}

impl Signature {
    /// The signature of a step function.
    #[must_use]
    pub fn of<S: Step>() -> Self {
        let schema = |schema: schemars::Schema| schema.to_value();
        let spec = S::SPEC;
        Self {
            name: spec.name.to_owned(),
            connections: spec.connections.to_vec(),
            keeps: match spec.keeps {
                Keeps::All => None,
                Keeps::Only(kept) => Some(kept.iter().map(|name| (*name).to_owned()).collect()),
            },
            batches: S::BATCHING.map(|batching| batching.input.to_owned()),
            pages: S::PAGING.is_some(),
            input: schema(schemars::schema_for!(S::Input)),
            output: schema(schemars::schema_for!(S::Output)),
        }
    }
}

/// The step functions that `uses:` may name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Catalog(pub BTreeMap<FunctionName, Signature>);

impl Catalog {
    /// The signature of a function.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Signature> {
        self.0.get(name)
    }

    /// The names of all functions.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.keys().map(FunctionName::as_str)
    }
}
