//! The rules and ports of Holdfast: definitions, identity, the step contract, routing, audit.
//!
//! No AWS and no input or output: pure functions decide, and ports, narrow async traits, act.

pub mod alert;
pub mod breaker;
pub mod contract;
pub mod definition;
pub mod duplicate;
pub mod entry;
pub mod envelope;
pub mod event;
pub mod expr;
pub mod field;
pub mod hash;
pub mod history;
pub mod hours;
pub mod id;
pub mod import;
pub mod key;
pub mod name;
pub mod operate;
pub mod operation;
pub mod port;
pub mod promise;
pub mod quality;
pub mod rate;
pub mod record;
pub mod retry;
pub mod route;
pub mod step;
pub mod suppression;
pub mod sweep;
pub mod timeline;
pub mod undeliverable;
pub mod verify;
