//! The step entries of one execution, of every generation, and what they add up to.

use serde_json::Value as Json;

use crate::definition::model::{StepDefinition, Workflow};
use crate::entry::{State, StepEntry};
use crate::envelope::Context;
use crate::id::{ExecutionRef, StepKey};
use crate::key;
use crate::name::StepId;
use crate::port::{Journal, PortError, Row, Table};

/// Entries read at once.
const PAGE: usize = 200;

/// A step's entry, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The generation.
    pub generation: u32,
    /// The step.
    pub step: StepKey,
    /// The revision of the entry.
    pub revision: u64,
    /// The entry.
    pub entry: StepEntry,
}

/// Reads the entries of an execution.
///
/// # Errors
/// [`PortError`] when the journal fails, or holds something else under such a key.
pub async fn entries_of<J: Journal>(
    journal: &J,
    execution: &ExecutionRef,
) -> Result<Vec<Recorded>, PortError> {
    let (partition, prefix) = (key::home(&execution.home), key::steps_prefix(execution));
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = journal
            .query(Table::Journal, &partition, &prefix, after.as_deref(), PAGE)
            .await?;
        for row in &page.rows {
            found.push(recorded(&prefix, row)?);
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// What an execution knows before its step `from`: what it knew at its `start`, and the results of
/// earlier steps in the latest generation that has them.
#[must_use]
pub fn context_before(
    start: Context,
    execution: &ExecutionRef,
    workflow: &Workflow,
    from: &StepId,
    entries: &[Recorded],
) -> Context {
    let earlier = workflow.steps.iter().take_while(|step| step.id != *from);
    let earlier = earlier.filter(|step| !step.asynchronous);
    earlier.fold(start, |context, step| match result(step, entries) {
        Some((key, definition, output)) => context.after(&execution.home, key, definition, output),
        None => context,
    })
}

fn result<'a>(
    step: &'a StepDefinition,
    entries: &'a [Recorded],
) -> Option<(&'a StepKey, &'a StepDefinition, &'a Json)> {
    let done = entries.iter().filter(|one| {
        one.step.step == step.id
            && one.step.element.is_none()
            && !one.step.undoes()
            && one.entry.state == State::Succeeded
            && step.alternative(one.step.n).is_some()
    });
    let latest = done.max_by_key(|one| (one.generation, &one.step))?;
    let output = latest.entry.output.as_ref()?;
    Some((&latest.step, step.alternative(latest.step.n)?, output))
}

fn recorded(prefix: &str, row: &Row) -> Result<Recorded, PortError> {
    let wrong = |what: &str| PortError::Unavailable(format!("{} {what}", row.sort));
    let place = row.sort.strip_prefix(prefix).and_then(|rest| {
        let (generation, step) = rest.split_once('#')?;
        Some((generation.parse().ok()?, step.parse().ok()?))
    });
    let (generation, step) = place.ok_or_else(|| wrong("is not a step's key"))?;
    let entry = serde_json::from_str(&row.item.body)
        .map_err(|error| wrong(&format!("does not decode: {error}")))?;
    Ok(Recorded {
        generation,
        step,
        revision: row.item.revision,
        entry,
    })
}
