//! What must hold for any bytes: the bodies of the fuzz targets in `fuzz/`, which the gate calls
//! with seeded mutations of the samples.

mod definitions;
mod mutation;
mod rows;
mod webhook;

use std::path::{Path, PathBuf};

use holdfast_engine::definition::Files;

pub use definitions::definitions;
pub use mutation::Mutation;
pub use rows::rows;
pub use webhook::{samples, webhook};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of the dental pack.
///
/// # Panics
/// When they cannot be read.
pub fn pack_files() -> Files {
    let mut files = Files::new();
    let folder = root().join("workflows/dental");
    collect(&folder, &folder, &mut files);
    files
}

fn collect(top: &Path, folder: &Path, files: &mut Files) {
    let entries = std::fs::read_dir(folder).expect("the pack is there");
    for path in entries.map(|entry| entry.expect("a file").path()) {
        if path.is_dir() {
            collect(top, &path, files);
        } else if let Ok(name) = path.strip_prefix(top) {
            let text = std::fs::read_to_string(&path).expect("a text");
            files.insert(name.to_string_lossy().into_owned(), text);
        }
    }
}
