//! A message of an old generation: it does not run, and what its step holds is let go.

use jiff::Timestamp;

use super::arrival::Reaction;
use super::runner::{MAX_LOOKS, Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::entry::{Occurred, State, StepEntry, transition};
use crate::operation::ReviewKind;
use crate::port::{Change, Clock, Journal, PortError, Ports, Verdict, Write};

impl<P: Ports> Runner<P> {
    /// Drops a message of an old generation. What may have acted holds its `once` key until a
    /// person decides, and what has not frees it: the new generation asks for the same one. The
    /// entry is written with the key, unchanged, so that a copy that saw both before claims
    /// neither.
    pub(super) async fn retire(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Verdict, Trouble> {
        let keys = work.once_key.clone().into_iter();
        let keys: Vec<_> = keys.chain([work.entry_key.clone()]).collect();
        view.saw(&keys, self.ports.journal().read(&keys).await?);
        for _ in 0..MAX_LOOKS {
            let entry = view.body::<StepEntry>(&work.entry_key)?;
            let state = entry.as_ref().map(|entry| &entry.state);
            let writes = match (state, &entry) {
                (Some(State::Started { .. }), _) => match self.reaction(work, state) {
                    Reaction::Wait(due) => return self.wait(work, due).await,
                    _ => match self.abandon(work, view).await? {
                        Some(verdict) => return Ok(verdict),
                        None => continue,
                    },
                },
                (Some(State::Retrying { .. }), Some(entry)) => self.let_go(work, view, entry)?,
                _ => Vec::new(),
            };
            let changed = self.commit_with_once(work, view, &writes).await?;
            if changed.is_none() {
                return Ok(Verdict::Acknowledge);
            }
        }
        Err(Trouble::Contended)
    }

    fn let_go(
        &self,
        work: &Work<'_>,
        view: &View,
        before: &StepEntry,
    ) -> Result<Vec<Write>, PortError> {
        let Some(pending) = work.pending_once(view)? else {
            return Ok(Vec::new());
        };
        if !before.progress.maybe {
            let seen = view.put(&work.entry_key, before)?;
            return Ok(vec![seen, view.write(pending, Change::Delete)]);
        }
        self.left_unknown(work, view, before, self.ports.clock().now())
    }

    fn left_unknown(
        &self,
        work: &Work<'_>,
        view: &View,
        before: &StepEntry,
        now: Timestamp,
    ) -> Result<Vec<Write>, PortError> {
        let from = Some((&before.state, before.progress));
        let Ok((state, progress)) = transition(from, &Occurred::LeftUnknown { by: None }) else {
            return Ok(Vec::new());
        };
        let message = "the execution was run anew; the effect of this attempt may have happened";
        let failure = self.failure(work, view, "Retired", message)?;
        let mut entry = work.entry(state, progress, Some(before), now);
        entry.error = Some(failure.summary(failure.review_id()));
        Ok(vec![
            view.put(&work.entry_key, &entry)?,
            failure.review_write(view, ReviewKind::UnknownOutcome)?,
        ])
    }
}
