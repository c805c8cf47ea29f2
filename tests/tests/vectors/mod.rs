//! Public test data in the folder that `HOLDFAST_VECTORS` names; it is not part of the project.

use std::path::PathBuf;

use serde::de::DeserializeOwned;

/// Reads the cases of one file, or nothing when no folder is named. A named folder without the
/// file is a failure.
pub(crate) fn cases<T: DeserializeOwned>(file: &str) -> Option<Vec<T>> {
    #[derive(serde::Deserialize)]
    struct Document<T> {
        cases: Vec<T>,
    }
    let document: Document<T> = serde_json::from_str(&text(file)?).expect("the file holds cases");
    assert!(!document.cases.is_empty(), "{file} holds no case");
    Some(document.cases)
}

/// Reads one file, or nothing when no folder is named. A named folder without the file is a
/// failure.
pub(crate) fn text(file: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("HOLDFAST_VECTORS") else {
        println!("skipped: HOLDFAST_VECTORS names no folder with {file}");
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    let text = std::fs::read_to_string(&path);
    Some(text.unwrap_or_else(|error| panic!("read {}: {error}", path.display())))
}
