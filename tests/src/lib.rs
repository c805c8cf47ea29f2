//! Contract suite, faults, end-to-end tests and benches.

pub mod bench;
pub mod contract;
pub mod crash;
pub mod desk;
pub mod faulty;
pub mod fuzz;
pub mod kills;
pub mod meeting;
pub mod memory;
pub mod model;
pub mod random;
pub mod ready;
pub mod victim;
pub mod whole;
pub mod world;
