//! How good the data is that comes in: per source and hour, what passed, what is set of each
//! field, and how many new records are probable duplicates.
//!
//! Counting must cost no event a write: each process counts in memory and adds what it counted to
//! the hour's item now and then. What a process counted and did not add is lost with it.

mod counts;
mod flush;
mod hours;
mod tallies;

pub use counts::{Counts, FieldCounts, RecordCounts};
pub use flush::{flush, flush_due};
pub use hours::{HourOfSource, since};
pub use tallies::{Slot, Tallies};
