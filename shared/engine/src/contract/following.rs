//! What follows a settled step: the next steps, the compensation of earlier ones, or the end.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::dispatch::{Position, advance};
use super::outcome::Ending;
use super::perform::Attempted;
use super::shape::refusal;
use super::undo::undo;
use super::work::Work;
use crate::definition::model::Refused;
use crate::entry::{Dispatch, End};
use crate::envelope::Context;
use crate::port::{Journal, PortError};

impl Work<'_> {
    /// What follows a success. An async step has its own outcome, and nothing follows it; what
    /// follows a batch is its members' affair, and nothing follows one element of many.
    pub(super) async fn following<J: Journal>(
        &self,
        journal: &J,
        output: &Json,
        now: Timestamp,
    ) -> Result<Option<Dispatch>, PortError> {
        if self.is_alone() {
            return Ok(None);
        }
        if self.envelope.step.undoes() {
            return self
                .undo(journal, &self.context_after(output), now)
                .await
                .map(Some);
        }
        if let (Some(reason), Refused::Stop) = (refusal(output), self.terms.refused) {
            return Ok(Some(self.stopped(reason, now)));
        }
        let context = self.context_after(output);
        self.next(journal, &context, now).await.map(Some)
    }

    /// What follows a step that was left out: what follows one that left no result.
    pub(super) async fn after_skip<J: Journal>(
        &self,
        journal: &J,
        now: Timestamp,
    ) -> Result<Option<Dispatch>, PortError> {
        let context = &self.envelope.context;
        if self.is_alone() {
            return Ok(None);
        }
        let next = if self.envelope.step.undoes() {
            self.undo(journal, context, now).await?
        } else {
            self.next(journal, context, now).await?
        };
        Ok(Some(next))
    }

    async fn next<J: Journal>(
        &self,
        journal: &J,
        context: &Context,
        now: Timestamp,
    ) -> Result<Dispatch, PortError> {
        let position = Position::After(&self.envelope.step.step);
        let execution = &self.envelope.execution;
        advance(journal, self.workflow, execution, context, position, now).await
    }

    fn stopped(&self, reason: &str, now: Timestamp) -> Dispatch {
        let reason = format!("{}: {reason}", self.envelope.step.step);
        Dispatch {
            now,
            refs: BTreeMap::new(),
            record: None,
            steps: Vec::new(),
            expires: None,
            skipped: Vec::new(),
            end: Some(End::Stopped(reason)),
        }
    }

    /// The compensation that a failure for good begins; `None`: another way goes on, or nothing
    /// is to be undone.
    pub(super) async fn undoing<J: Journal>(
        &self,
        journal: &J,
        attempted: &Attempted,
        now: Timestamp,
    ) -> Result<Option<Dispatch>, PortError> {
        let fails = matches!(attempted, Attempted::Ended(_, Ending::Fail { .. }, _));
        if !fails || self.is_alone() || self.envelope.step.undoes() {
            return Ok(None);
        }
        let dispatch = self.undo(journal, &self.envelope.context, now).await?;
        Ok((!dispatch.steps.is_empty()).then_some(dispatch))
    }

    /// Whether the execution does not go on, nor is undone, by this step's outcome.
    fn is_alone(&self) -> bool {
        let envelope = self.envelope;
        let of_many = envelope.batch.is_some() || envelope.step.element.is_some();
        self.primary.asynchronous || of_many
    }

    pub(super) async fn undo<J: Journal>(
        &self,
        journal: &J,
        context: &Context,
        now: Timestamp,
    ) -> Result<Dispatch, PortError> {
        let position = &self.envelope.step.step;
        let execution = &self.envelope.execution;
        undo(journal, self.workflow, execution, context, position, now).await
    }

    /// What the execution knows after a success of this step.
    pub(super) fn context_after(&self, output: &Json) -> Context {
        let envelope = self.envelope;
        let home = &envelope.execution.home;
        envelope
            .context
            .after(home, &envelope.step, self.definition, output)
    }
}
