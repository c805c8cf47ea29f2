//! Running a pack's tests: a whole system in a temporary folder, on a virtual clock, with the
//! sandbox behind every connection.

mod expect;
mod given;
mod scenario;

pub(crate) use expect::Mismatch;
pub(crate) use scenario::{Outcome, perform};
