//! Step entries: the journal's line about one step, which is also its claim.

mod body;
mod state;
mod transition;
#[cfg(test)]
mod transition_tests;

pub use body::{
    AttemptLine, Dispatch, Elements, End, ErrorSummary, Skipped, StepEntry, Suppressed,
};
pub use state::{Owner, Progress, State};
pub use transition::{Illegal, Occurred, transition};
