//! One envelope at work: the message, its definition, its terms and its keys.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Terms;
use crate::definition::model::{Batch, Pack, StepDefinition, Workflow};
use crate::entry::{Elements, Progress, State, StepEntry};
use crate::envelope::{Envelope, Input};
use crate::key;
use crate::name::ConnectionName;
use crate::port::{Delivery, Key};
use crate::rate::Limit;
use crate::step::Batching;

/// One envelope at work.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) delivery: &'a Delivery,
    pub(super) pack: &'a Pack,
    pub(super) workflow: &'a Workflow,
    /// The step, whose fallbacks are its alternatives.
    pub(super) primary: &'a StepDefinition,
    /// The alternative at work.
    pub(super) definition: &'a StepDefinition,
    pub(super) terms: Terms,
    pub(super) entry_key: Key,
    pub(super) generation_key: Key,
    pub(super) once_key: Option<Key>,
    pub(super) breakers: Vec<Key>,
    pub(super) limits: Vec<Limit>,
}

impl<'a> Work<'a> {
    /// The definitions of an envelope's step: workflow, primary, alternative; `None` when its
    /// version has no such step.
    pub(super) fn find(
        envelope: &Envelope,
        pack: &'a Pack,
    ) -> Option<(&'a Workflow, &'a StepDefinition, &'a StepDefinition)> {
        let workflow = pack.workflows.get(&envelope.execution.workflow)?;
        let primary = workflow
            .steps
            .iter()
            .find(|step| step.id == envelope.step.step)?;
        Some((workflow, primary, primary.alternative(envelope.step.n)?))
    }

    /// The keys of an envelope's items: its entry, its generation, its `once` claim.
    pub(super) fn keys(envelope: &Envelope, identity_key: &[u8; 32]) -> (Key, Key, Option<Key>) {
        let execution = &envelope.execution;
        let once = envelope
            .once
            .as_ref()
            .map(|text| key::once(identity_key, &execution.home.tenant, text));
        (
            key::step(execution, envelope.generation, &envelope.step),
            key::generation(execution),
            once,
        )
    }

    /// What the dispatcher rendered for it.
    pub(super) fn input(&self) -> &Json {
        match &self.envelope.input {
            Input::Rendered(input) => input,
            Input::Each(_) | Input::Failed { .. } => &Json::Null,
        }
    }

    /// How a step waits for others to be called with, unless it is what was made of them, or will
    /// never call.
    pub(super) fn collecting(&self, batching: Option<Batching>) -> Option<(&'a Batch, Batching)> {
        let batch = collects(self.envelope, self.definition)?;
        batching.map(|batching| (batch, batching))
    }

    /// The connection that a delivery asks itself.
    pub(super) fn asked(
        envelope: &Envelope,
        definition: &'a StepDefinition,
    ) -> Option<&'a ConnectionName> {
        let alone = collects(envelope, definition).is_none();
        definition.via.as_ref().filter(|_| alone)
    }

    pub(super) fn next_alternative(&self) -> Option<&'a StepDefinition> {
        self.primary.alternative_after(self.envelope.step.n)
    }

    /// The entry in a new state; earlier attempts and the error stay until a success.
    pub(super) fn entry(
        &self,
        state: State,
        progress: Progress,
        before: Option<&StepEntry>,
        now: Timestamp,
    ) -> StepEntry {
        let error = before
            .filter(|_| !matches!(state, State::Succeeded | State::Skipped))
            .and_then(|entry| entry.error.clone());
        StepEntry {
            attempts: before
                .map(|entry| entry.attempts.clone())
                .unwrap_or_default(),
            each: before
                .and_then(|entry| entry.each.as_ref())
                .map(Elements::done),
            error,
            ..StepEntry::of(self.envelope, state, progress, now)
        }
    }
}

fn collects<'d>(envelope: &Envelope, definition: &'d StepDefinition) -> Option<&'d Batch> {
    let renders = matches!(envelope.input, Input::Rendered(_));
    definition
        .batch
        .as_ref()
        .filter(|_| renders && envelope.batch.is_none())
}
