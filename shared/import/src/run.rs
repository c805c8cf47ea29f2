//! Importing a file, part by part.

use std::path::Path;

use holdfast_engine::definition::model::RecordDefinition;
use holdfast_engine::import::{Batch, Columns, Import, Outcome, Row};

use crate::parts::Parts;
use crate::{FileError, Results, Survey, Tally};

/// A file, and how its rows are read.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file.
    pub path: &'a Path,
    /// What it was when it was looked at.
    pub survey: &'a Survey,
    /// Which field each column fills.
    pub columns: &'a Columns,
    /// The record type.
    pub definition: &'a RecordDefinition,
}

/// Why an import did not come to its end. The same one once more goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// The file or its results.
    #[error(transparent)]
    File(#[from] FileError),
    /// A part was not applied.
    #[error("a part of the import was not applied")]
    Part(E),
}

/// Imports a file: `apply` applies a part and tells what became of each row, `told` hears how far
/// it is. Parts whose verdicts are in the results are not applied again. Without results, as in a
/// rehearsal, it begins at the first row.
///
/// # Errors
/// [`RunError`] when it does not come to its end.
pub async fn run<E>(
    source: Source<'_>,
    import: &Import,
    mut results: Option<&mut Results>,
    mut apply: impl AsyncFnMut(Batch) -> Result<Vec<Outcome>, E>,
    mut told: impl FnMut(&Tally),
) -> Result<Tally, RunError<E>> {
    let Source { path, survey, .. } = source;
    let mut parts = Parts::open(path, survey, source.columns, source.definition)?;
    let mut next = first_part(&mut parts, results.as_deref_mut())?;
    let mut tally = results.as_ref().map(|results| results.tally().clone());
    let tally = tally.get_or_insert_default();
    told(tally);
    while !next.is_empty() {
        let batch = Batch {
            import: import.clone(),
            mistakes: tally.mistakes(),
            rows: next,
        };
        let outcomes = apply(batch).await.map_err(RunError::Part)?;
        for outcome in &outcomes {
            tally.count(outcome);
        }
        if let Some(results) = results.as_deref_mut() {
            results.add(&outcomes)?;
        }
        told(tally);
        next = parts.next_part()?;
    }
    if parts.end() != (survey.rows, survey.digest.clone()) {
        return Err(FileError::Changed(path.to_owned()).into());
    }
    Ok(std::mem::take(tally))
}

/// The first part that has to be applied: the one after the last whose verdicts are all in the
/// results, which then end before it.
fn first_part(parts: &mut Parts<'_>, results: Option<&mut Results>) -> Result<Vec<Row>, FileError> {
    let known = results.as_ref().map_or(0, |results| results.rows());
    loop {
        let rows = parts.next_part()?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(rows);
        };
        if last.number > known {
            if let Some(results) = results {
                results.rewind(first.number.saturating_sub(1))?;
            }
            return Ok(rows);
        }
    }
}
