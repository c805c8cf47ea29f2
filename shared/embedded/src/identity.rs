//! The identity key of a data folder: made at its first start, never rotated.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::secrets::IdentityKey;

/// The file within the data folder.
const FILE: &str = "identity.key";

/// Reads the key of a folder that has one.
///
/// # Errors
/// When there is none, it cannot be read, or it does not hold 32 bytes. A key that is lost orphans
/// every natural key and every `once`, so it is never replaced.
pub fn read(folder: &Path) -> io::Result<IdentityKey> {
    let path = folder.join(FILE);
    let damaged = |what: String| {
        let message = format!("{}: {what}; restore it from a backup", path.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    let bytes = fs::read(&path).map_err(|error| damaged(error.to_string()))?;
    let key = <[u8; 32]>::try_from(bytes.as_slice());
    key.map(IdentityKey)
        .map_err(|_| damaged("does not hold 32 bytes".to_owned()))
}

/// Reads the key, or makes the key of a folder that has never been used.
///
/// # Errors
/// As [`read`], and when the key cannot be made.
pub fn load(folder: &Path, first_start: bool) -> io::Result<IdentityKey> {
    let path = folder.join(FILE);
    if first_start && !path.try_exists()? {
        return create(folder, &path);
    }
    read(folder)
}

/// Writes a new key beside its place and moves it there whole.
fn create(folder: &Path, path: &Path) -> io::Result<IdentityKey> {
    fs::create_dir_all(folder)?;
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let partial = folder.join("identity.key.new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(IdentityKey(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_a_damaged_one_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let first = load(folder.path(), true).unwrap();
        assert_eq!(load(folder.path(), false).unwrap().0, first.0);
        fs::write(folder.path().join(FILE), b"short").unwrap();
        assert!(load(folder.path(), true).is_err());
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"short");
    }

    #[test]
    fn a_lost_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(folder.path(), false).unwrap_err().to_string();
        assert!(error.contains("restore it from a backup"), "{error}");
        assert!(!folder.path().join(FILE).exists());
    }
}
