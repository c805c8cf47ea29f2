//! A model of the step contract, searched exhaustively: every order of what two workers, queues,
//! crashes, duplicates, redrives and re-runs can do within a scenario's bounds.
//!
//! Decisions are the engine's own: [`holdfast_engine::contract::on_arrival`],
//! [`holdfast_engine::contract::after_attempt`], [`holdfast_engine::contract::ask`] and
//! [`holdfast_engine::entry::transition`]. The search is a plain breadth-first one over a hash
//! set: a general checker would box every action, and what is needed of it is one queue.

mod act;
mod attempt;
mod bridge;
mod check;
mod fingerprint;
mod normal;
mod scenario;
mod search;
mod state;
mod work;

pub use scenario::{Mutation, Scenario};
pub use search::{Report, search};
