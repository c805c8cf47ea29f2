//! The identity key of a data folder: made at its first start, never rotated.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::secrets::IdentityKey;

/// The file within the data folder.
const FILE: &str = "identity.key";

/// Reads the key, or makes it. A key that is lost orphans every natural key, so a damaged file is
/// an error and is never replaced.
///
/// # Errors
/// When the file cannot be read or made, or does not hold 32 bytes.
pub fn load(folder: &Path) -> io::Result<IdentityKey> {
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => <[u8; 32]>::try_from(bytes.as_slice())
            .map(IdentityKey)
            .map_err(|_| {
                let message = format!(
                    "{} does not hold 32 bytes; restore it from a backup",
                    path.display()
                );
                io::Error::new(io::ErrorKind::InvalidData, message)
            }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(folder, &path),
        Err(error) => Err(error),
    }
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
        let first = load(folder.path()).unwrap();
        assert_eq!(load(folder.path()).unwrap().0, first.0);
        fs::write(folder.path().join(FILE), b"short").unwrap();
        assert!(load(folder.path()).is_err());
        assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"short");
    }
}
