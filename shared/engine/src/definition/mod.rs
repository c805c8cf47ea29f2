//! Definitions: the YAML files of a pack, read, checked and compiled.

mod diagnostic;
mod document;
pub mod model;
mod nearest;
mod yaml;

pub use diagnostic::{Diagnostic, Severity};
