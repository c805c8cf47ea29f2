//! Holdfast on one machine: SQLite store, queues, timers, HTTP door, sandbox.

pub mod clock;
pub mod entropy;
pub mod sandbox;
pub mod store;
