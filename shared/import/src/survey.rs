//! What is known of a file before anything of it is imported.

use std::collections::BTreeSet;
use std::path::Path;

use crate::FileError;
use crate::rows::{Format, Raw, Rows};

/// The most names of columns.
const MAX_COLUMNS: usize = 1_000;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Its form.
    pub format: Format,
    /// The names of its columns: in their order, or of the members of all objects.
    pub columns: Vec<String>,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of what it holds, in hexadecimal digits.
    pub digest: String,
}

/// Reads a file once, and keeps nothing of it.
///
/// # Errors
/// [`FileError`] when it cannot be read, or is no table.
pub fn survey(path: &Path) -> Result<Survey, FileError> {
    let format = Format::of(path)?;
    let mut rows = Rows::open(path, format)?;
    let mut names = BTreeSet::new();
    while let Some(raw) = rows.next_raw()? {
        let Raw::Object(members) = raw else { continue };
        names.extend(members.into_iter().map(|(name, _)| name));
        if names.len() > MAX_COLUMNS {
            return Err(FileError::TooManyColumns(MAX_COLUMNS));
        }
    }
    let columns = match format {
        Format::Csv => rows.columns().to_vec(),
        Format::JsonLines => names.into_iter().collect(),
    };
    if columns.len() > MAX_COLUMNS {
        return Err(FileError::TooManyColumns(MAX_COLUMNS));
    }
    Ok(Survey {
        format,
        columns,
        rows: rows.number(),
        digest: rows.digest(),
    })
}
