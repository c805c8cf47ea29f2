//! Definitions: the YAML files of a pack, read, checked and compiled.

pub mod model;
