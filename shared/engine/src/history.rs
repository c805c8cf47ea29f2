//! The step entries of one execution, of every generation.

use crate::entry::StepEntry;
use crate::id::{ExecutionRef, StepKey};
use crate::key;
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
