//! Writing the outcome of an attempt: one transaction for what must agree.

use jiff::Timestamp;

use super::dispatch::fall_back;
use super::failure::{self, Failure};
use super::outcome::Ending;
use super::perform::Attempted;
use super::view::View;
use super::work::Work;
use crate::entry::{AttemptLine, Occurred, Owner, StepEntry, Suppressed, transition};
use crate::operation::ReviewKind;
use crate::port::{Change, Delivery, Journal, Key, PortError, Write};
use crate::step::StepError;

/// Attempts kept in an entry, and characters of their messages: an entry stays small.
const MAX_LINES: usize = 8;
const MAX_MESSAGE: usize = 200;

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
        let undoing = self.undoing(journal, attempted, now).await?;
        let occurred = occurred(attempted, owner, self.delivery, undoing.is_some(), now);
        let Ok((state, progress)) = transition(from, &occurred) else {
            return Ok(None);
        };
        let mut entry = self.entry(state, progress, before.as_ref(), now);
        entry.dispatch = undoing;
        let before = before.as_ref();
        let mut settlement = match attempted {
            Attempted::Ended(error, ending, _) => {
                self.ended(journal, view, entry, before, (error, ending))
                    .await?
            }
            Attempted::Succeeded { output, .. } | Attempted::Suppressed(_, output) => {
                entry.output = Some(output.clone());
                entry.dispatch = self.following(journal, output, now).await?;
                self.succeeded(view, entry, before, attempted)?
            }
            Attempted::LeftOut(reason) => {
                entry.reason = Some(reason.clone());
                entry.dispatch = self.after_skip(journal, now).await?;
                self.left_out(view, entry, before)?
            }
        };
        let own = view.put(&self.entry_key, &settlement.entry)?;
        settlement.writes.insert(0, own);
        Ok(Some(settlement))
    }

    /// A success, by this step or by another that had done it already.
    fn succeeded(
        &self,
        view: &View,
        mut entry: StepEntry,
        before: Option<&StepEntry>,
        attempted: &Attempted,
    ) -> Result<Settlement, PortError> {
        let mut writes = Vec::new();
        match attempted {
            Attempted::Succeeded {
                output,
                audit,
                staged,
            } => {
                entry.target.clone_from(&audit.target);
                entry.changes.clone_from(&audit.changes);
                entry.pages = audit.pages;
                writes.extend(staged.iter().cloned());
                writes.extend(self.once_done(view, output, entry.at)?);
            }
            Attempted::Suppressed(claim, _) => {
                entry.suppressed = Some(Suppressed {
                    execution: claim.execution.clone(),
                    step: claim.step.clone(),
                });
            }
            Attempted::Ended(..) | Attempted::LeftOut(_) => {}
        }
        writes.extend(self.closed_errors(view, before, &mut entry)?);
        Ok(Settlement { entry, writes })
    }

    /// A step that is left out: its `once` key is free, and nobody has to see what failed before.
    fn left_out(
        &self,
        view: &View,
        mut entry: StepEntry,
        before: Option<&StepEntry>,
    ) -> Result<Settlement, PortError> {
        let pending = self.pending_once(view)?;
        let mut writes: Vec<_> = pending
            .map(|key| view.write(key, Change::Delete))
            .into_iter()
            .collect();
        writes.extend(self.closed_errors(view, before, &mut entry)?);
        Ok(Settlement { entry, writes })
    }

    /// An attempt that did not succeed: its line, and what its ending asks for.
    async fn ended<J: Journal>(
        &self,
        journal: &J,
        view: &View,
        mut entry: StepEntry,
        before: Option<&StepEntry>,
        (error, ending): (&StepError, &Ending),
    ) -> Result<Settlement, PortError> {
        Self::record_attempt(&mut entry, before, error);
        if let Ending::Retry { .. } = ending {
            let writes = Vec::new();
            return Ok(Settlement { entry, writes });
        }
        if let (Ending::FallBack { .. }, Some(next)) = (ending, self.next_alternative()) {
            let dispatch = fall_back(journal, next, self.envelope, entry.at).await?;
            entry.dispatch = Some(dispatch);
        }
        let message = error.to_string();
        let failure = Failure {
            envelope: self.envelope,
            delivery: self.delivery,
            severity: Failure::severity(Some(self.workflow)),
            progress: entry.progress,
            code: error.code(),
            message: &message,
            now: entry.at,
            quiet_until: None,
        };
        let writes = self.end(view, &mut entry, &failure, ending)?;
        Ok(Settlement { entry, writes })
    }

    /// The writes of an ending: what a person sees of it, and the `once` key.
    fn end(
        &self,
        view: &View,
        entry: &mut StepEntry,
        failure: &Failure<'_>,
        ending: &Ending,
    ) -> Result<Vec<Write>, PortError> {
        let mut writes = Vec::new();
        let uncertain = *ending == Ending::LeaveUnknown;
        let earlier = entry.error.replace(failure.summary(if uncertain {
            failure.review_id()
        } else {
            failure.error_id()
        }));
        if uncertain {
            writes.push(failure.review_write(view, ReviewKind::UnknownOutcome)?);
        } else {
            if matches!(ending, Ending::Fail { .. }) {
                writes.push(failure.error_write(view)?);
            }
            writes.extend(self.once_freed(view, entry.progress, failure)?);
        }
        writes.extend(self.replaced_error(view, earlier.as_ref(), entry)?);
        Ok(writes)
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
        failure::close(view, &self.error_key(&error.id), entry.at)
    }

    fn record_attempt(entry: &mut StepEntry, before: Option<&StepEntry>, error: &StepError) {
        let attempt = before.map_or(1, |entry| entry.progress.attempt);
        let message = shortened(&error.to_string());
        entry.attempts.push(AttemptLine {
            attempt,
            at: entry.at,
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
    undoes: bool,
    now: Timestamp,
) -> Occurred {
    let by = owner.cloned();
    let message = delivery.message_id.clone();
    match attempted {
        Attempted::Succeeded { .. } | Attempted::Suppressed(..) => Occurred::Succeeded { by },
        Attempted::LeftOut(_) => Occurred::Skipped,
        Attempted::Ended(_, Ending::Retry { maybe, .. }, due) => Occurred::Retried {
            by,
            due: due.unwrap_or(now),
            maybe: *maybe,
        },
        Attempted::Ended(_, Ending::FallBack { maybe }, _) => {
            Occurred::FellBack { by, maybe: *maybe }
        }
        Attempted::Ended(_, Ending::Fail { maybe }, _) if undoes => Occurred::GaveUp {
            by,
            message,
            at: now,
            maybe: *maybe,
        },
        Attempted::Ended(_, Ending::Fail { maybe }, _) => Occurred::Failed {
            by,
            message,
            created: delivery.created,
            at: now,
            maybe: *maybe,
        },
        Attempted::Ended(_, Ending::LeaveUnknown, _) => Occurred::LeftUnknown { by },
    }
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
