//! How the store fails: to open, and to serve.

use std::io;
use std::path::PathBuf;

use holdfast_engine::port::PortError;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the folder open for writing.
    #[error(
        "the data folder is in use by process {pid}, which holds the lock {}: stop it, or use another folder", path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The process id written in it.
        pid: String,
    },
    /// A newer version of the program wrote the store.
    #[error(
        "{} has format {found}, and this program knows formats up to {known}: use the newer program that wrote it, or another data folder", path.display()
    )]
    TooNew {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// There is no store to read.
    #[error("there is no store at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("the data folder cannot be used: {}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database refused.
    #[error("the store cannot be opened: {}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

impl OpenError {
    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "StoreLocked",
            Self::TooNew { .. } => "StoreTooNew",
            Self::Missing { .. } => "StoreMissing",
            Self::Folder { .. } => "DataFolderUnusable",
            Self::Database { .. } => "StoreUnreadable",
        }
    }
}

/// What a caller of a port may know of a failure of the database.
pub(crate) fn port_error(error: &rusqlite::Error) -> PortError {
    if is_full(error) {
        PortError::Full
    } else {
        PortError::Unavailable(error.to_string())
    }
}

/// SQLite reports only ENOSPC as "full". A quota and a file-size limit (EDQUOT, EFBIG) fail the
/// write itself, and the call for more shared memory of the WAL index.
fn is_full(error: &rusqlite::Error) -> bool {
    match error.sqlite_error() {
        Some(error) if error.code == ErrorCode::DiskFull => true,
        Some(error) => matches!(
            error.extended_code,
            ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE
        ),
        None => false,
    }
}

/// Whether only the command that met this error is at fault, not the database.
pub(crate) fn is_own_fault(error: &rusqlite::Error) -> bool {
    match error.sqlite_error() {
        Some(error) => matches!(
            error.code,
            ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch
        ),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: std::ffi::c_int) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn no_space_a_quota_and_a_file_size_limit_are_all_full() {
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_SHMSIZE,
        ] {
            assert_eq!(port_error(&failure(code)), PortError::Full, "{code}");
        }
    }

    #[test]
    fn a_failed_sync_is_unavailable() {
        let error = port_error(&failure(ffi::SQLITE_IOERR_FSYNC));
        assert_eq!(error.code(), "StoreUnavailable");
    }
}
