//! The identity of a pack: a hash over the texts that an execution depends on.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Files;
use super::model::ManifestId;
use crate::name::PackName;

/// The identity of these files under this name: SHA-256 over each path and text with their
/// lengths, in the order of paths. Test files change nothing that runs and are left out.
#[must_use]
pub fn manifest_id(pack: PackName, files: &Files) -> ManifestId {
    let mut hash = Sha256::new();
    for (path, text) in files.iter().filter(|(path, _)| !is_test(path)) {
        for part in [path, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    let hash = HEXLOWER.encode(&hash.finalize()).into();
    ManifestId { pack, hash }
}

fn is_test(path: &str) -> bool {
    path.ends_with(".test.yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(files: &[(&str, &str)]) -> ManifestId {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).into(), (*text).into()))
            .collect();
        manifest_id(PackName::new("p").unwrap(), &files)
    }

    #[test]
    fn moving_a_letter_between_path_and_text_is_another_version() {
        assert_ne!(id(&[("a", "bc")]), id(&[("ab", "c")]));
        assert_ne!(id(&[("a", ""), ("b", "")]), id(&[("a", "b")]));
    }

    #[test]
    fn a_test_file_is_not_part_of_the_version() {
        let plain = id(&[("a.workflow.yaml", "x")]);
        assert_eq!(plain, id(&[("a.workflow.yaml", "x"), ("a.test.yaml", "y")]));
        assert_eq!(plain.hash.len(), 64);
    }
}
