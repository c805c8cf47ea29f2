//! Deliveries that a person decides about: unknown outcomes, and envelopes that are too old.

use std::time::Duration;

use super::runner::{Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::entry::StepEntry;
use crate::key::PASSES_AFTER;
use crate::operation::ReviewKind;
use crate::port::{Clock, Journal, Ports, Verdict};
use crate::step::OUTCOME_UNKNOWN;

/// How long an envelope may be overdue before a person decides whether it still runs.
const MAX_AGE: Duration = Duration::from_hours(720);

// Who is not overdue asks for items of its batch; they must be there.
const _: () = assert!(PASSES_AFTER.as_secs() >= 2 * MAX_AGE.as_secs());

impl<P: Ports> Runner<P> {
    /// Whether an envelope is too old to run without a person's word.
    pub(super) fn is_overdue(&self, work: &Work<'_>) -> bool {
        let now = self.ports.clock().now();
        work.envelope
            .due
            .checked_add(MAX_AGE)
            .is_ok_and(|latest| latest < now)
    }

    /// Asks a person about an envelope that is too old.
    pub(super) async fn ask_about_overdue(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Verdict, Trouble> {
        let failure = self.failure(work, view, "Overdue", "it was due more than 30 days ago")?;
        let asked = |view: &View| Ok(vec![failure.review_write(view, ReviewKind::FailedStep)?]);
        self.commit_settled(view, asked).await?;
        Ok(Verdict::Acknowledge)
    }

    /// Makes sure that the review item of an unknown outcome exists.
    pub(super) async fn ensure_review(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Option<Verdict>, Trouble> {
        let entry = view.body::<StepEntry>(&work.entry_key)?;
        let error = entry.as_ref().and_then(|entry| entry.error.as_ref());
        let (code, message) = error
            .map_or((OUTCOME_UNKNOWN, "the effect may have happened"), |e| {
                (e.code.as_str(), e.message.as_str())
            });
        let failure = self.failure(work, view, code, message)?;
        let keys = [failure.review_key()];
        view.saw(&keys, self.ports.journal().read(&keys).await?);
        if view.item(&failure.review_key()).is_none() {
            let asked = |view: &View| {
                Ok(vec![
                    failure.review_write(view, ReviewKind::UnknownOutcome)?,
                ])
            };
            self.commit_settled(view, asked).await?;
        }
        Ok(Some(Verdict::Acknowledge))
    }
}
