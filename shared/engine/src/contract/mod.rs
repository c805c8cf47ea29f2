//! The step contract: one implementation for every step function.
//!
//! A delivery is decoded, decided and acted on. Deciding is pure ([`on_arrival`], [`after_attempt`],
//! [`crate::entry::transition`]); acting is conditional writes that are decided again whenever
//! what they were based on has changed.

mod answers;
mod arrival;
mod attempt;
mod batch;
mod book;
mod claim;
mod commit;
mod connect;
mod context;
mod counted;
mod dispatch;
mod each;
mod failure;
mod fill;
mod following;
mod gate;
mod gathered;
mod guarded;
mod hold;
mod lapsed;
mod last_receive;
mod later;
mod once;
mod outcome;
mod pages;
mod perform;
mod process;
mod render;
mod replay;
mod retire;
mod review;
mod ruling;
mod ruling_seen;
mod runner;
mod scope;
mod settle;
mod shape;
mod suppressed;
mod terms;
mod timely;
mod turn;
mod undo;
mod view;
mod work;

pub use arrival::{Arrival, Reaction, on_arrival};
pub use dispatch::{Position, advance, fall_back, read_references};
pub(crate) use gathered::Gathered;
pub use later::send_later;
pub use once::{OnceClaim, OnceState, OnceVerdict, ask};
pub use outcome::{Ending, after_attempt, after_bad_output};
pub use process::Process;
pub use render::{elements, envelopes, messages};
pub(crate) use ruling::{Ruled, Unruled, Word};
pub use runner::Runner;
pub(crate) use runner::Trouble;
pub use scope::{ScopeData, time_zone};
pub use terms::Terms;
pub use undo::undo;
