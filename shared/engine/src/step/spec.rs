//! The static description of a step function.

use std::time::Duration;

use crate::definition::model::ConnectionKind;

/// Whether repeating an effect is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The receiver honours our key; repeats change nothing.
    Keyed,
    /// A second call is a second effect.
    AtMostOnce,
}

/// Which members of an output become the step's result when the definition has no `returns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// All of them.
    All,
    /// Only these.
    Only(&'static [&'static str]),
}

/// The static description of a step function: the best case, which a connection may lower.
#[derive(Debug, Clone, Copy)]
pub struct StepSpec {
    /// What `uses:` says; also the queue's name.
    pub name: &'static str,
    /// One sentence, the same as in the deployment template.
    pub description: &'static str,
    /// The best case.
    pub effect: Effect,
    /// Time for one attempt.
    pub timeout: Duration,
    /// Attempts under way at once.
    pub concurrency: u32,
    /// The kinds of connection that `via:` may name; empty: the step has no connection.
    pub connections: &'static [ConnectionKind],
    /// What becomes the step's result.
    pub keeps: Keeps,
}
