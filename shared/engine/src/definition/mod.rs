//! Definitions: the YAML files of a pack, read, checked and compiled.

mod diagnostic;
mod document;
mod grammar;
pub mod model;
mod nearest;
mod values;
mod yaml;

pub use diagnostic::{Diagnostic, Severity};
pub use grammar::schema;
