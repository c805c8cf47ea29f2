//! Holdfast on one machine: SQLite store, queues, timers, HTTP door, sandbox.

pub mod sandbox;
