//! Holdfast on one machine: SQLite store, queues, timers, HTTP door, sandbox.
//!
//! [`system::System`] runs the very handlers that run as Lambda functions, in one process.

mod alerts;
pub mod clock;
pub mod control;
pub mod definitions;
pub mod door;
pub mod entropy;
pub mod identity;
pub mod inject;
pub mod observer;
pub mod outside;
pub mod ports;
pub mod registry;
pub mod sandbox;
pub mod secrets;
pub mod store;
pub mod system;
mod workers;
