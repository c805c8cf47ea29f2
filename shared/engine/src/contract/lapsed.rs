//! Steps that go on without an attempt: after a claim that ran out, or by a redrive.

use super::failure;
use super::outcome::Ending;
use super::perform::Attempted;
use super::runner::{Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::entry::{Occurred, State, StepEntry, transition};
use crate::operation::ReviewKind;
use crate::port::{Clock, Ports, Verdict};
use crate::step::StepError;

/// The code of a claim that ran out without an outcome.
pub(super) const CLAIM_ABANDONED: &str = "ClaimAbandoned";

impl<P: Ports> Runner<P> {
    /// Leaves an expired claim on an effect that may have happened to a person.
    pub(super) async fn abandon(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Option<Verdict>, Trouble> {
        self.see_error(work, view).await?;
        let message = "the invocation ended without an outcome; its effect may have happened";
        let failure = self.failure(work, view, CLAIM_ABANDONED, message)?;
        let now = self.ports.clock().now();
        let before = view.body::<StepEntry>(&work.entry_key)?;
        let from = before.as_ref().map(|entry| (&entry.state, entry.progress));
        let Ok((state, progress)) = transition(from, &Occurred::Abandoned) else {
            return Ok(None);
        };
        let mut entry = work.entry(state, progress, before.as_ref(), now);
        let earlier = entry.error.replace(failure.summary(failure.review_id()));
        let mut writes = vec![
            view.put(&work.entry_key, &entry)?,
            failure.review_write(view, ReviewKind::UnknownOutcome)?,
        ];
        writes.extend(work.replaced_error(view, earlier.as_ref(), &entry)?);
        Ok(self
            .commit(view, &writes)
            .await?
            .is_none()
            .then_some(Verdict::Acknowledge))
    }

    /// Goes to the fallback although the effect may have happened: the author accepts both.
    pub(super) async fn fall_back(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Option<Verdict>, Trouble> {
        let Some(State::Started { owner, .. }) = view
            .body::<StepEntry>(&work.entry_key)?
            .map(|entry| entry.state)
        else {
            return Ok(None);
        };
        let error = StepError::Unknown {
            code: CLAIM_ABANDONED.to_owned(),
            message: "the invocation ended without an outcome".to_owned(),
            retry_after: None,
        };
        let attempted = Attempted::Ended(error, Ending::FallBack { maybe: true }, None);
        self.settle(work, view, Some(&owner), &attempted).await
    }

    /// Accepts a redrive before anything else: attempts start again and the error closes.
    pub(super) async fn accept_redrive(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Option<Verdict>, Trouble> {
        let now = self.ports.clock().now();
        let error_key = self.see_error(work, view).await?;
        let Some(mut writes) = Self::state_write(work, view, &Occurred::Redriven { at: now }, now)?
        else {
            return Ok(None);
        };
        if let Some(key) = &error_key {
            writes.extend(failure::close(view, key, now)?);
        }
        self.commit(view, &writes).await?;
        Ok(None)
    }
}
