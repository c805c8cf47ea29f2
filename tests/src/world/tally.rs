//! What a random schedule came to.

use std::collections::{BTreeMap, BTreeSet};

use crate::memory::Condition;

/// What happened in a run, so that a test can tell that it tests something.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally(pub BTreeMap<&'static str, usize>);

impl Tally {
    pub(super) fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// Adds what happened in another run.
    pub fn add(&mut self, other: Self) {
        for (what, times) in other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }
}

/// What the schedule of a seed came to.
#[derive(Debug, Default)]
pub struct Ran {
    /// The properties that do not hold.
    pub broken: Vec<String>,
    /// What happened.
    pub tally: Tally,
    /// The conditions of the writes that were asked for.
    pub conditions: BTreeSet<Condition>,
}
