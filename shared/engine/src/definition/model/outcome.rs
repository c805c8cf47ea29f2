//! The business result that must follow an execution.

use std::fmt;

use crate::expr::Expression;
use crate::expr::duration::Span;

/// The business result that must follow an execution, and until when.
#[derive(Debug, Clone)]
pub struct ExpectedOutcome {
    /// What must follow.
    pub expect: Expectation,
    /// How long after the start it is looked for.
    pub within: Span,
}

/// What must follow an execution.
#[derive(Debug, Clone)]
pub enum Expectation {
    /// An event of this name in the timeline of the execution's record.
    Event(String),
    /// A state of the record; roots `event`, `record`, `config`, `tenant`, and names of `let`.
    Record(Expression),
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(name) => write!(f, "the event {name}"),
            Self::Record(logic) => f.write_str(logic.source()),
        }
    }
}
