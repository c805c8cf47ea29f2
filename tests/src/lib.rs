//! Contract suite, faults, end-to-end tests and benches.

pub mod faulty;
pub mod memory;
pub mod model;
pub mod random;

pub mod world;
