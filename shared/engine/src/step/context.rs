//! What a step knows about the attempt that it performs.

use std::sync::{Mutex, PoisonError};

use super::StepError;
use crate::definition::model::{Pack, StepDefinition};
use crate::envelope::Envelope;
use crate::port::{Call, Write};

/// One attempt of a step.
#[derive(Debug, Clone, Copy)]
pub struct StepContext<'a> {
    /// The message: whose step of which execution, and its context.
    pub envelope: &'a Envelope,
    /// The side-effect key, the same for every attempt: `execution:generation:step.n`.
    pub key: &'a str,
    /// From 1.
    pub attempt: u32,
    /// The connection in use, for steps that have one.
    pub call: Option<Call<'a>>,
    /// The step as its workflow defines it.
    pub definition: &'a StepDefinition,
    /// The definitions of the execution's version.
    pub pack: &'a Pack,
    /// Writes that belong to the outcome.
    pub staged: &'a Staged,
}

impl<'a> StepContext<'a> {
    /// The call through the step's connection.
    ///
    /// # Errors
    /// `NoConnection`, for good, when the definition names none with `via`.
    pub fn connected(&self) -> Result<Call<'a>, StepError> {
        self.call
            .ok_or_else(|| StepError::permanent("NoConnection", "the step has no `via`"))
    }
}

/// Writes that a step adds to the transaction of its outcome: both happen or neither.
#[derive(Debug, Default)]
pub struct Staged(Mutex<Vec<Write>>);

impl Staged {
    /// Adds writes to the outcome.
    pub fn add(&self, writes: impl IntoIterator<Item = Write>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(writes);
    }

    /// Takes what was added.
    #[must_use]
    pub fn take(&self) -> Vec<Write> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
