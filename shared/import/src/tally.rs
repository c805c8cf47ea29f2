//! How many rows came to which verdict.

use std::collections::BTreeMap;

use holdfast_engine::import::{Outcome, Verdict};
use serde::Serialize;

/// Mistakes that are kept.
const SHOWN: usize = 20;

/// How many rows came to which verdict, and the first mistakes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tally {
    counts: BTreeMap<Verdict, u64>,
    first: Vec<Outcome>,
}

impl Tally {
    /// Counts a row.
    pub fn count(&mut self, outcome: &Outcome) {
        *self.counts.entry(outcome.verdict).or_default() += 1;
        if outcome.verdict.is_mistake() && self.first.len() < SHOWN {
            self.first.push(outcome.clone());
        }
    }

    /// The rows of a verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.counts.get(&verdict).copied().unwrap_or(0)
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The rows that were not applied.
    #[must_use]
    pub fn mistakes(&self) -> u64 {
        self.of(Verdict::Review) + self.of(Verdict::Refused)
    }

    /// The first rows that were not applied.
    #[must_use]
    pub fn first(&self) -> &[Outcome] {
        &self.first
    }
}
