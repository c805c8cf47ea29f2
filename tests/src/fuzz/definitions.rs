//! Definition files of any bytes.

use std::sync::OnceLock;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::registry::catalog;
use holdfast_engine::definition::{Catalog, Diagnostic, Files, load, load_tests};

use super::pack_files;

/// Reads a file of the dental pack whose text is these bytes; the first byte says which file.
/// There is a verdict, and each mistake stands inside its text.
///
/// # Panics
/// When there is none.
pub fn definitions(data: &[u8]) {
    static KNOWN: OnceLock<(Catalog, Files)> = OnceLock::new();
    let (catalog, files) = KNOWN.get_or_init(|| (catalog::<SystemClock>(), pack_files()));
    let Some((which, text)) = data.split_first() else {
        return;
    };
    let mut files = files.clone();
    let path = files.keys().nth(usize::from(*which) % files.len()).cloned();
    let text = String::from_utf8_lossy(text).into_owned();
    files.extend(path.map(|path| (path, text)));
    match load(&files, catalog) {
        Ok((pack, remarks)) => {
            remarks.iter().for_each(stands);
            if let Err(mistakes) = load_tests(&files, &pack) {
                assert!(!mistakes.is_empty(), "a refusal says why");
                mistakes.iter().for_each(stands);
            }
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "a refusal says why");
            mistakes.iter().for_each(stands);
        }
    }
}

fn stands(found: &Diagnostic) {
    let inside = found.text.get(found.span.clone()).is_some();
    assert!(inside, "{} stands outside its text", found.code);
    assert!(!found.message.is_empty(), "{} says nothing", found.code);
}
