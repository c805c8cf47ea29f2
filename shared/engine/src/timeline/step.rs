//! A step's entry as a line: where it lies, and what of it is shown.

use serde_json::Value as Json;

use super::line::{StepPart, SuppressedPart};
use crate::entry::{State, StepEntry};
use crate::id::StepKey;

/// Where a step entry lies: `exe#<execution>#<generation>#<step.n>`.
#[derive(Debug, Clone)]
pub(super) struct StepPlace {
    pub(super) execution: String,
    pub(super) generation: u32,
    pub(super) step: StepKey,
}

impl StepPlace {
    /// Reads the part of a sort key after `exe#`.
    pub(super) fn read(rest: &str) -> Option<Self> {
        let (execution, rest) = rest.split_once('#')?;
        let (generation, step) = rest.split_once('#')?;
        Some(Self {
            execution: execution.to_owned(),
            generation: generation.parse().ok()?,
            step: step.parse().ok()?,
        })
    }

    pub(super) fn anchor(&self) -> String {
        step_anchor(&self.execution, self.generation, &self.step)
    }

    /// The name of the line of the whole step, where this is one of its elements.
    pub(super) fn whole_anchor(&self) -> Option<String> {
        self.step.element?;
        let whole = StepKey::primary(&self.step.step);
        Some(step_anchor(&self.execution, self.generation, &whole))
    }
}

/// The name of a step's line.
pub(super) fn step_anchor(execution: &str, generation: u32, step: &StepKey) -> String {
    format!("step {execution} {generation} {step}")
}

/// The name of the line of a step's first attempt that did not succeed.
pub(super) fn first_attempt(step: &str) -> String {
    format!("{step} attempt 0")
}

/// The line of a step.
pub(super) fn step_part(
    place: &StepPlace,
    entry: StepEntry,
    execution: String,
    workflow: Option<String>,
    uses: Option<String>,
) -> StepPart {
    let due = match &entry.state {
        State::Retrying { due } => Some(*due),
        _ => None,
    };
    StepPart {
        execution,
        workflow,
        generation: place.generation,
        step: place.step.to_string(),
        uses,
        state: entry.state.name(),
        attempt: entry.progress.attempt,
        maybe: entry.progress.maybe,
        reason: entry.reason,
        due,
        elements: entry.each.as_ref().map(|each| each.count),
        target: entry.target.as_ref().map(ToString::to_string),
        pages: entry.pages,
        output: entry.output.as_ref().and_then(shown),
        changes: entry.changes,
        suppressed_by: entry.suppressed.map(|by| SuppressedPart {
            execution: by.execution.to_string(),
            step: by.step.to_string(),
        }),
        error: entry.error,
    }
}

/// The version of the home record that an update made.
pub(super) fn made_version(entry: &StepEntry) -> Option<u64> {
    if entry.changes.is_empty() || entry.target.is_some() {
        return None;
    }
    entry.output.as_ref()?.pointer("/record/version")?.as_u64()
}

/// A result as it is shown: an update's record is in its changes already.
fn shown(output: &Json) -> Option<Json> {
    let mut output = output.clone();
    if let Some(members) = output.as_object_mut() {
        if members.contains_key("refused") {
            members.shift_remove("record");
        }
        if members.get("refused") == Some(&Json::Bool(false)) {
            members.shift_remove("refused");
        }
        if members.is_empty() {
            return None;
        }
    }
    (!output.is_null()).then_some(output)
}
