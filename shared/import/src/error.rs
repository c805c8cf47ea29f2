//! Why a file cannot be imported.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be imported, or its results not be kept.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The name does not say what the file holds.
    #[error("{} is neither .csv nor .jsonl", .0.display())]
    UnknownFormat(PathBuf),
    /// It cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has no columns.
    #[error("{} has no columns: the first line of a table names them", .0.display())]
    Empty(PathBuf),
    /// A column's name is no text.
    #[error("the columns of {} are not UTF-8 text", .0.display())]
    NotText(PathBuf),
    /// A row does not end.
    #[error("row {row} is longer than {} KiB: is a quote not closed before it?", limit / 1024)]
    RowTooLong {
        /// The row.
        row: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// There are more names than a record type may have fields.
    #[error("there are more than {0} different columns")]
    TooManyColumns(usize),
    /// It is not what it was when the import began.
    #[error("{} changed while it was imported", .0.display())]
    Changed(PathBuf),
    /// The results are those of another import.
    #[error("{} holds the results of another import", .0.display())]
    OtherResults(PathBuf),
    /// The results cannot be kept.
    #[error("the results cannot be kept in {}", .path.display())]
    ResultsUnusable {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl FileError {
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            source,
        }
    }

    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat(_) => "UnknownFormat",
            Self::Unreadable { .. } => "FileUnreadable",
            Self::Empty(_) | Self::NotText(_) => "NoColumns",
            Self::RowTooLong { .. } => "RowTooLong",
            Self::TooManyColumns(_) => "TooManyColumns",
            Self::Changed(_) => "FileChanged",
            Self::OtherResults(_) => "OtherResults",
            Self::ResultsUnusable { .. } => "ResultsUnusable",
        }
    }
}
