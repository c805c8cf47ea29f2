//! Probable duplicates: how well they are told, and what becomes of them.

mod asked;
mod febrl;
mod moved;
#[path = "../vectors/mod.rs"]
#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod vectors;

use std::sync::Arc;

use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::Pack;
use holdfast_tests::world::{Functions, load};

/// A pack of these files.
fn pack(files: &[(&str, &str)]) -> Arc<Pack> {
    let files: Files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .chain([("pack.yaml".to_owned(), "pack: t\n".to_owned())])
        .collect();
    load(&files, &Functions::scripted())
}
