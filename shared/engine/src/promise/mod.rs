//! What a workflow promises of its executions: an end by its deadline, and the outcome that it
//! expects. Both are looked at when a timer is due, and nothing that was lost stays unseen.

mod deadline;
mod due;
mod outcome;
mod report;
mod stuck;
mod trouble;
mod verdict;

pub use deadline::Answer;
pub(crate) use due::timers_of;
pub use due::{Due, Promise, QUEUE, timers};
pub use report::{Stuck, exceeded, missing};
pub use stuck::{Concern, Loose, Told, Walked, concern, walk};
pub use trouble::Trouble;
pub use verdict::{OutcomeEntry, Seen, Verdict, judge};

use crate::port::Ports;

/// Looks at a promise that is due.
///
/// # Errors
/// [`Trouble`] when it has to be delivered again.
pub async fn keep<P: Ports>(ports: &P, due: &Due) -> Result<Answer, Trouble> {
    match due {
        Due::Deadline(promise) => deadline::keep(ports, promise).await,
        Due::Outcome(promise) => outcome::keep(ports, promise).await,
    }
}
