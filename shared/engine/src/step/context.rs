//! What a step knows about the attempt that it performs.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::StepError;
use crate::definition::model::{Pack, StepDefinition};
use crate::envelope::Envelope;
use crate::id::RecordRef;
use crate::port::{Call, Write};
use crate::record::FieldChange;

/// One attempt of a step.
#[derive(Debug, Clone, Copy)]
pub struct StepContext<'a> {
    /// The message: whose step of which execution, and its context.
    pub envelope: &'a Envelope,
    /// The side-effect key, the same for every attempt: `execution:generation:step.n`.
    pub key: &'a str,
    /// From 1.
    pub attempt: u32,
    /// When the attempt started.
    pub now: Timestamp,
    /// The connection in use, for steps that have one.
    pub call: Option<Call<'a>>,
    /// The step as its workflow defines it.
    pub definition: &'a StepDefinition,
    /// The definitions of the execution's version.
    pub pack: &'a Pack,
    /// What belongs to the outcome beside the output.
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

/// What a step adds to the transaction of its outcome: all of it happens or nothing.
#[derive(Debug, Default)]
pub struct Staged(Mutex<(Vec<Write>, Audit)>);

/// What a step's entry keeps of a success beside the output.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Audit {
    /// The record, where it is not the execution's home.
    pub target: Option<RecordRef>,
    /// Old and new values of a record that was changed.
    pub changes: Vec<FieldChange>,
    /// How many pages were read.
    pub pages: Option<u32>,
}

impl Staged {
    /// Adds writes to the outcome, and what the entry says of them.
    pub fn add(&self, writes: impl IntoIterator<Item = Write>, audit: Audit) {
        let mut staged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        staged.0.extend(writes);
        staged.1 = audit;
    }

    /// Takes what was added.
    #[must_use]
    pub fn take(&self) -> (Vec<Write>, Audit) {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
