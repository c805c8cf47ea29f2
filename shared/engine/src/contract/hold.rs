//! The `once` key of a step at work: taken with its claim, settled with its outcome.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::failure::Failure;
use super::once::{OnceClaim, OnceState};
use super::view::View;
use super::work::Work;
use crate::entry::Progress;
use crate::operation::ReviewKind;
use crate::port::{Change, Key, PortError, Write};

impl Work<'_> {
    /// The write that keeps the result under the key, after a success.
    pub(super) fn once_done(
        &self,
        view: &View,
        output: &Json,
        now: Timestamp,
    ) -> Result<Option<Write>, PortError> {
        let Some((key, once)) = self.once_key.as_ref().zip(self.definition.once.as_ref()) else {
            return Ok(None);
        };
        let until = once.duration.and_then(|held| now.checked_add(held).ok());
        let state = OnceState::Done {
            output: output.clone(),
            until,
        };
        view.put(key, &self.once_claim(state)).map(Some)
    }

    /// Frees the `once` key after a definite failure. Where the effect may have happened, the
    /// key is held, and a person decides.
    pub(super) fn once_freed(
        &self,
        view: &View,
        progress: Progress,
        failure: &Failure<'_>,
    ) -> Result<Option<Write>, PortError> {
        if progress.maybe && self.once_key.is_some() {
            return failure
                .review_write(view, ReviewKind::UnknownOutcome)
                .map(Some);
        }
        let pending = self.pending_once(view)?;
        Ok(pending.map(|key| view.write(key, Change::Delete)))
    }

    /// The step's `once` key, where this very step was seen to hold it.
    pub(super) fn pending_once(&self, view: &View) -> Result<Option<&Key>, PortError> {
        let Some(key) = &self.once_key else {
            return Ok(None);
        };
        let own = self.once_claim(OnceState::Pending);
        let held = view.body::<OnceClaim>(key)? == Some(own);
        Ok(held.then_some(key))
    }

    /// This step's claim on its key.
    pub(super) fn once_claim(&self, state: OnceState) -> OnceClaim {
        OnceClaim {
            execution: self.envelope.execution.clone(),
            generation: self.envelope.generation,
            step: self.envelope.step.clone(),
            state,
        }
    }
}
