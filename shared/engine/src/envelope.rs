//! Envelopes: the messages that carry an execution from step to step.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::definition::model::ManifestId;
use crate::event::{Event, Lineage};
use crate::id::{ExecutionRef, StepKey};

/// A step message. Everything that a step needs is in it; a repeated dispatch is byte-equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// The execution.
    pub execution: ExecutionRef,
    /// The version of the pack that the execution keeps.
    pub manifest: ManifestId,
    /// 1; raised only by an explicit re-run.
    pub generation: u32,
    /// The step.
    pub step: StepKey,
    /// Its input, rendered by the dispatcher.
    pub input: Input,
    /// The key under which its effect happens once in the tenant, as rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
    /// From when on it is too late, and the step is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The batch that it performs, for many executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchRef>,
    /// When it was due: an envelope that is too old goes to review instead.
    pub due: Timestamp,
    /// What the execution knows so far.
    pub context: Context,
}

impl Envelope {
    /// The side-effect key: the same for every attempt and every redrive. An element of a step with
    /// `each` has its own.
    #[must_use]
    pub fn key(&self) -> String {
        format!(
            "{}:{}:{}",
            self.execution.execution, self.generation, self.step
        )
    }
}

/// A batch of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRef {
    /// The window that its inputs were due in, counted from 1970.
    pub window: i64,
    /// Its number in the window, from 0.
    pub number: u32,
    /// How many inputs it has.
    pub inputs: usize,
}

/// A rendered input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// The input.
    Rendered(Json),
    /// The elements of a step with `each`: it is performed for each of them.
    Each(Vec<Json>),
    /// The input could not be rendered; the step fails with this.
    Failed {
        /// Stable PascalCase name.
        code: String,
        /// What happened.
        message: String,
    },
}

/// What an execution knows: the roots of expressions and templates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The event that started it.
    pub event: Event,
    /// The home record's snapshot at the trigger, with the execution's own writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Json>,
    /// Results of the steps that have them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub steps: Map<String, Json>,
    /// Values of `let`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub lets: Map<String, Json>,
    /// The tenant's settings as they were when the execution started.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Json>,
    /// What led to the event.
    #[serde(default)]
    pub lineage: Lineage,
    /// The element that a step with `each` is performed for, in its own messages alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<ElementContext>,
}

/// An element of a step with `each`; its place is part of the step's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElementContext {
    /// `item`.
    pub item: Json,
    /// How many elements the step has.
    pub of: u32,
}
