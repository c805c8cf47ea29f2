//! The exclusive lock of a data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::OpenError;

/// A held lock; the operating system releases it with the process, however that ends.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes `<folder>/lock` and writes this process's id into it.
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join("lock");
        let mut file = open(&path).map_err(|source| refused(&path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(path, &mut file)),
            Err(TryLockError::Error(source)) => return Err(refused(&path, source)),
        }
        sign(&mut file).map_err(|source| refused(&path, source))?;
        Ok(Self { _file: file })
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path)
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn held(path: PathBuf, file: &mut File) -> OpenError {
    let mut pid = String::new();
    let pid = match file.read_to_string(&mut pid) {
        Ok(_) if !pid.trim().is_empty() => pid.trim().to_owned(),
        _ => "unknown".to_owned(),
    };
    OpenError::Locked { path, pid }
}

fn refused(path: &Path, source: io::Error) -> OpenError {
    OpenError::Folder {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_to_lock_learns_the_file_and_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let _held = DataLock::take(folder.path()).unwrap();
        let error = DataLock::take(folder.path()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(&format!("process {}", std::process::id())),
            "{text}"
        );
        assert!(text.contains("lock"), "{text}");
        assert_eq!(error.code(), "StoreLocked");
    }

    #[test]
    fn a_released_lock_can_be_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataLock::take(folder.path()).unwrap());
        DataLock::take(folder.path()).unwrap();
    }
}
