//! What people do about failures: acknowledge, claim, decide, send again, run anew.
//!
//! One code path for both modes: everything is a request over [`crate::port::Ports`]. A decision
//! is written in one transaction with what it changes; only then is what follows sent, and only
//! then is the operation settled. So a crash leaves an operation that still needs someone, and
//! the same decision once more ends what was begun.

mod answer;
mod decide;
mod door;
mod error;
mod find;
mod input;
mod journaled;
mod operator;
mod past;
mod redrive;
mod request;
mod rerun;
mod seen;
mod select;
mod stats;
mod step;
mod suppress;

pub use answer::{Listed, NotRedriven, Outcome, Resent};
pub use door::{Door, Entered, StoredRequest};
pub use error::OperateError;
pub(crate) use journaled::rerun_key;
pub use journaled::{DECISION_PREFIX, DecisionEntry, Deed, NewGeneration};
pub use operator::Operator;
pub use request::{Decide, ItemRef, Operate, Rerun, Ruling, Suppress};
pub use select::Filter;
pub use stats::{Figures, Group, Stats, Times, stats};
pub use suppress::suppressed_by_hand;
