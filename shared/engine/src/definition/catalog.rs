//! The step functions that definitions may use, with what they take and give.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::name::FunctionName;
use crate::step::{Step, StepSpec};

/// What a step function takes and gives.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Its static description.
    pub spec: StepSpec,
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
        Self {
            spec: S::SPEC,
            input: schema(schemars::schema_for!(S::Input)),
            output: schema(schemars::schema_for!(S::Output)),
        }
    }
}

/// The step functions that `uses:` may name.
#[derive(Debug, Clone, Default)]
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
