//! Writing the outcome of an attempt: one transaction for what must agree.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::dispatch::{Position, advance, fall_back};
use super::failure::{self, Failure};
use super::once::{OnceClaim, OnceState};
use super::outcome::Ending;
use super::view::View;
use super::work::Work;
use crate::definition::model::{Action, MappedField, Refused};
use crate::entry::{
    AttemptLine, Dispatch, End, Occurred, Owner, Progress, StepEntry, Suppressed, transition,
};
use crate::envelope::Context;
use crate::field;
use crate::operation::ReviewKind;
use crate::port::{Change, Delivery, Journal, Key, PortError, Write};
use crate::step::{Audit, Keeps, StepError};

/// Attempts kept in an entry, and characters of their messages: an entry stays small.
const MAX_LINES: usize = 8;
const MAX_MESSAGE: usize = 200;

/// What an attempt came to, ready to be written.
#[derive(Debug)]
pub(super) enum Attempted {
    /// It succeeded.
    Succeeded {
        /// The result that later steps read.
        output: Json,
        /// The change that it made.
        audit: Audit,
        /// The writes that belong to it.
        staged: Vec<Write>,
    },
    /// Another step had already done it.
    Suppressed(Box<OnceClaim>, Json),
    /// It did not succeed.
    Ended(StepError, Ending, Option<Timestamp>),
}

/// The writes of an outcome, and the entry among them.
#[derive(Debug)]
pub(super) struct Settlement {
    pub(super) entry: StepEntry,
    pub(super) writes: Vec<Write>,
}

impl Work<'_> {
    /// Builds the writes of an outcome on what was seen; `None`: the contract does not allow it
    /// any more, since another invocation settled the step.
    pub(super) async fn settlement<J: Journal>(
        &self,
        journal: &J,
        view: &View,
        owner: Option<&Owner>,
        attempted: &Attempted,
        now: Timestamp,
    ) -> Result<Option<Settlement>, PortError> {
        let before = view.body::<StepEntry>(&self.entry_key)?;
        let from = before.as_ref().map(|entry| (&entry.state, entry.progress));
        let Ok((state, progress)) =
            transition(from, &occurred(attempted, owner, self.delivery, now))
        else {
            return Ok(None);
        };
        let mut entry = self.entry(state, progress, before.as_ref(), now);
        let mut writes = Vec::new();
        match attempted {
            Attempted::Succeeded {
                output,
                audit,
                staged,
            } => {
                entry.output = Some(output.clone());
                entry.target.clone_from(&audit.target);
                entry.changes.clone_from(&audit.changes);
                entry.dispatch = self.following(journal, output, now).await?;
                writes.extend(staged.iter().cloned());
                writes.extend(self.once_done(view, output, now)?);
                writes.extend(self.closed_errors(view, before.as_ref(), &mut entry)?);
            }
            Attempted::Suppressed(claim, output) => {
                entry.output = Some(output.clone());
                entry.suppressed = Some(Suppressed {
                    execution: claim.execution.clone(),
                    step: claim.step.clone(),
                });
                entry.dispatch = self.following(journal, output, now).await?;
                writes.extend(self.closed_errors(view, before.as_ref(), &mut entry)?);
            }
            Attempted::Ended(error, ending, _) => {
                Self::record_attempt(&mut entry, before.as_ref(), error, now);
                self.end(journal, view, &mut entry, error, ending, &mut writes)
                    .await?;
            }
        }
        writes.insert(0, view.put(&self.entry_key, &entry)?);
        Ok(Some(Settlement { entry, writes }))
    }

    async fn end<J: Journal>(
        &self,
        journal: &J,
        view: &View,
        entry: &mut StepEntry,
        error: &StepError,
        ending: &Ending,
        writes: &mut Vec<Write>,
    ) -> Result<(), PortError> {
        let (message, now, before) = (error.to_string(), entry.at, entry.error.take());
        let failure = Failure {
            envelope: self.envelope,
            delivery: self.delivery,
            severity: Failure::severity(Some(self.workflow)),
            progress: entry.progress,
            code: error.code(),
            message: &message,
            now,
        };
        match ending {
            Ending::Retry { .. } => {
                entry.error = before;
                return Ok(());
            }
            Ending::FallBack { .. } => {
                entry.error = Some(failure.summary(failure.error_id()));
                if let Some(next) = self.next_alternative() {
                    entry.dispatch = Some(fall_back(journal, next, self.envelope, now).await?);
                }
                writes.extend(self.once_freed(view, entry.progress, &failure)?);
            }
            Ending::Fail { .. } => {
                entry.error = Some(failure.summary(failure.error_id()));
                writes.push(failure.error_write(view)?);
                writes.extend(self.once_freed(view, entry.progress, &failure)?);
            }
            Ending::LeaveUnknown => {
                entry.error = Some(failure.summary(failure.review_id()));
                writes.push(failure.review_write(view, ReviewKind::UnknownOutcome)?);
            }
        }
        writes.extend(self.replaced_error(view, before.as_ref(), entry)?);
        Ok(())
    }

    /// What follows a success. An async step has its own outcome, and nothing follows it.
    async fn following<J: Journal>(
        &self,
        journal: &J,
        output: &Json,
        now: Timestamp,
    ) -> Result<Option<Dispatch>, PortError> {
        if self.primary.asynchronous {
            return Ok(None);
        }
        if let (Some(reason), Refused::Stop) = (refusal(output), self.terms.refused) {
            let (refs, record) = (std::collections::BTreeMap::new(), None);
            let end = Some(End::Stopped(format!(
                "{}: {reason}",
                self.envelope.step.step
            )));
            return Ok(Some(Dispatch {
                now,
                refs,
                record,
                steps: Vec::new(),
                skipped: Vec::new(),
                end,
            }));
        }
        let context = self.context_after(output);
        let position = Position::After(&self.envelope.step.step);
        advance(
            journal,
            self.workflow,
            &self.envelope.execution,
            &context,
            position,
            now,
        )
        .await
        .map(Some)
    }

    /// What the execution knows after a success of this step.
    pub(super) fn context_after(&self, output: &Json) -> Context {
        let home = &self.envelope.execution.home;
        let changed_home = matches!(&self.definition.action, Action::UpdateRecord(_))
            && output.pointer("/record/id").and_then(Json::as_str) == Some(home.record.as_str())
            && self.input_type() == Some(home.record_type.as_str());
        self.envelope
            .context
            .after(self.definition, output, changed_home)
    }

    fn once_done(
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
    fn once_freed(
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

    pub(super) fn once_claim(&self, state: OnceState) -> OnceClaim {
        OnceClaim {
            execution: self.envelope.execution.clone(),
            generation: self.envelope.generation,
            step: self.envelope.step.clone(),
            state,
        }
    }

    /// A success closes the error that the step had; what this delivery wrote down in case that
    /// it crashes is closed after dispatch, and stays named until then.
    fn closed_errors(
        &self,
        view: &View,
        before: Option<&StepEntry>,
        entry: &mut StepEntry,
    ) -> Result<Option<Write>, PortError> {
        let Some(error) = before.and_then(|entry| entry.error.as_ref()) else {
            return Ok(None);
        };
        if self.crash_id().as_ref() == Some(&error.id) {
            entry.error = Some(error.clone());
            return Ok(None);
        }
        failure::close(view, &self.error_key(&error.id))
    }

    fn record_attempt(
        entry: &mut StepEntry,
        before: Option<&StepEntry>,
        error: &StepError,
        now: Timestamp,
    ) {
        let attempt = before.map_or(1, |entry| entry.progress.attempt);
        let message = shortened(&error.to_string());
        entry.attempts.push(AttemptLine {
            attempt,
            at: now,
            code: error.code().to_owned(),
            message,
        });
        let surplus = entry.attempts.len().saturating_sub(MAX_LINES);
        entry.attempts.drain(..surplus);
    }
}

fn occurred(
    attempted: &Attempted,
    owner: Option<&Owner>,
    delivery: &Delivery,
    now: Timestamp,
) -> Occurred {
    let by = owner.cloned();
    match attempted {
        Attempted::Succeeded { .. } | Attempted::Suppressed(..) => Occurred::Succeeded { by },
        Attempted::Ended(_, Ending::Retry { maybe, .. }, due) => Occurred::Retried {
            by,
            due: due.unwrap_or(now),
            maybe: *maybe,
        },
        Attempted::Ended(_, Ending::FallBack { maybe }, _) => {
            Occurred::FellBack { by, maybe: *maybe }
        }
        Attempted::Ended(_, Ending::Fail { maybe }, _) => Occurred::Failed {
            by,
            message: delivery.message_id.clone(),
            at: now,
            maybe: *maybe,
        },
        Attempted::Ended(_, Ending::LeaveUnknown, _) => Occurred::LeftUnknown { by },
    }
}

/// Why an update was refused, if it was.
pub(super) fn refusal(output: &Json) -> Option<&str> {
    if output.get("refused") == Some(&Json::Bool(true)) {
        Some(
            output
                .get("reason")
                .and_then(Json::as_str)
                .unwrap_or("refused"),
        )
    } else {
        None
    }
}

/// Shapes a step's result: by its `returns`, else what the function keeps.
///
/// # Errors
/// [`StepError::Permanent`] when the response is not what `returns` declares.
pub(super) fn shaped(
    work: &Work<'_>,
    keeps: Keeps,
    output: Json,
    now: Timestamp,
) -> Result<Json, StepError> {
    let Some(returns) = &work.definition.returns else {
        return Ok(match keeps {
            Keeps::All => output,
            Keeps::Only(members) => members
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), output.get(name)?.clone())))
                .collect::<Map<_, _>>()
                .into(),
        });
    };
    let mut scope =
        super::ScopeData::of(&work.envelope.context, &work.envelope.execution.home.tenant);
    scope.set("response", output);
    let refs = std::collections::BTreeMap::new();
    let value = |mapped: &MappedField| {
        scope.with(&refs, now, |scope| match &mapped.condition {
            Some(condition) if !condition.condition(scope)? => Ok(None),
            _ => mapped.from.evaluate(scope),
        })
    };
    let mut values = Map::new();
    for (name, mapped) in returns {
        let value = value(mapped).map_err(|error| {
            StepError::permanent("InvalidResponse", format!("returns.{name}: {error}"))
        })?;
        values.extend(value.map(|value| (name.clone(), value)));
    }
    let fields = returns
        .iter()
        .map(|(name, mapped)| (name.clone(), mapped.field.clone()))
        .collect();
    field::accept_all(&fields, &values, field::Unknown::Dropped)
        .map(Json::Object)
        .map_err(|wrong| StepError::permanent("InvalidResponse", field::describe(&wrong)))
}

pub(super) fn shortened(message: &str) -> String {
    match message.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_owned(),
    }
}

impl Work<'_> {
    /// The key of an error record of this tenant.
    pub(super) fn error_key(&self, id: &str) -> Key {
        crate::key::operation(
            &self.envelope.execution.home.tenant,
            crate::operation::ERROR,
            id,
        )
    }
}
