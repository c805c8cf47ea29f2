//! The timeline of a record: everything that happened to it and why, read from the journal.
//!
//! A record's whole life lies in one partition, so a timeline is one query, and the source events
//! that its entries name. What caused what is known from the entries, not guessed from times.

mod change;
mod draft;
mod gather;
mod glossary;
mod line;
mod mask;
mod order;
mod person;
mod step;
mod waiting;

#[cfg(test)]
mod tests;

pub use gather::{TimelineError, find_event, of_event, of_record};
pub use glossary::Glossary;
pub use line::{
    AttemptPart, ChangedPart, CreatedPart, DecisionPart, EndPart, EventPart, Line, OutcomePart,
    RecordPart, ReviewPart, SkippedPart, StepPart, SuppressedPart, Timeline, WaitingPart, What,
};
pub use mask::Masks;
pub use person::PersonPart;
