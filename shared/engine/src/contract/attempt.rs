//! The attempts of one delivery: performed, settled, and concluded.

use std::time::Duration;

use jiff::Timestamp;

use super::claim::LEASE_MARGIN;
use super::connect::Connected;
use super::each::Settled;
use super::last_receive::CRASHED;
use super::perform::Attempted;
use super::runner::{MAX_LOOKS, Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::entry::{Owner, Progress, State, StepEntry};
use crate::port::{Clock, Journal, Key, PortError, Ports, Verdict};
use crate::step::{Step, StepError};

/// How often a step decides again at once because a record changed under it.
const MAX_CONTENTION: u32 = 10;

impl<P: Ports> Runner<P> {
    /// Performs and settles; again at once while records change under it. `None`: look again.
    pub(super) async fn attempt<S: Step>(
        &self,
        step: &S,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &mut View,
        owner: Option<&Owner>,
    ) -> Result<Option<Verdict>, Trouble> {
        let crash = work.crash_id();
        if crash.is_some() {
            let message = "the function ended without an outcome";
            let quiet = self.quiet_until(connected);
            if !self.open_error(work, view, CRASHED, message, quiet).await? {
                return Ok(None);
            }
        }
        let verdict = self.attempts(step, work, connected, view, owner).await?;
        if let (Some(crash), Some(_)) = (crash, verdict) {
            self.close(view, &work.error_key(&crash)).await?;
        }
        Ok(verdict)
    }

    /// Until when an attempt that starts now may still come to its outcome.
    fn quiet_until(&self, connected: &Connected<'_>) -> Option<Timestamp> {
        let lease = connected.timeout().saturating_add(LEASE_MARGIN);
        self.ports.clock().now().saturating_add(lease).ok()
    }

    async fn attempts<S: Step>(
        &self,
        step: &S,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &mut View,
        owner: Option<&Owner>,
    ) -> Result<Option<Verdict>, Trouble> {
        for _ in 0..MAX_CONTENTION {
            let progress = view
                .body::<StepEntry>(&work.entry_key)?
                .map_or(Progress::FIRST, |entry| entry.progress);
            let attempted = self.perform(step, work, connected, progress).await;
            if let Some(verdict) = self
                .settle_unless_contended(work, view, owner, &attempted)
                .await?
            {
                return Ok(verdict);
            }
        }
        let error = StepError::transient("Contended", "the record kept changing");
        let progress = view
            .body::<StepEntry>(&work.entry_key)?
            .map_or(Progress::FIRST, |entry| entry.progress);
        let attempted = self.ended(error, work, progress);
        self.settle(work, view, owner, &attempted).await
    }

    /// Settles; the outer `None`: a record that the step wrote had changed, so perform again.
    async fn settle_unless_contended(
        &self,
        work: &Work<'_>,
        view: &mut View,
        owner: Option<&Owner>,
        attempted: &Attempted,
    ) -> Result<Option<Option<Verdict>>, Trouble> {
        for _ in 0..MAX_LOOKS {
            self.see_error(work, view).await?;
            let now = self.ports.clock().now();
            let settled = work
                .settlement(self.ports.journal(), view, owner, attempted, now)
                .await?;
            let Some(settlement) = settled else {
                return Ok(Some(None));
            };
            let messages = self.following(work, &settlement.entry)?;
            let committed = self.commit_and_send(view, &settlement.writes, messages);
            let Some(changed) = committed.await? else {
                let verdict = self.conclude(work, &settlement.entry, attempted).await?;
                return Ok(Some(Some(verdict)));
            };
            let staged = match attempted {
                Attempted::Succeeded { staged, .. } => staged.as_slice(),
                _ => &[],
            };
            if staged.iter().any(|write| changed.contains(&write.key)) {
                return Ok(None);
            }
        }
        Err(Trouble::Contended)
    }

    /// Reads the error record that the step's entry names: a success closes it.
    pub(super) async fn see_error(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Option<Key>, PortError> {
        let entry = view.body::<StepEntry>(&work.entry_key)?;
        let Some(error) = entry.and_then(|entry| entry.error) else {
            return Ok(None);
        };
        let keys = [work.error_key(&error.id)];
        view.saw(&keys, self.ports.journal().read(&keys).await?);
        let [key] = keys;
        Ok(Some(key))
    }

    /// Settles an outcome that wrote no record; `None`: look again.
    pub(super) async fn settle(
        &self,
        work: &Work<'_>,
        view: &mut View,
        owner: Option<&Owner>,
        attempted: &Attempted,
    ) -> Result<Option<Verdict>, Trouble> {
        Ok(self
            .settle_unless_contended(work, view, owner, attempted)
            .await?
            .flatten())
    }

    /// What becomes of the message after its outcome is written and what follows is sent. One
    /// that has no receive left for its next attempt is sent anew.
    async fn conclude(
        &self,
        work: &Work<'_>,
        entry: &StepEntry,
        attempted: &Attempted,
    ) -> Result<Verdict, Trouble> {
        self.count(work, entry, attempted).await;
        if matches!(entry.state, State::Succeeded | State::Skipped) {
            self.join_after(work, entry, Settled::Now).await?;
        }
        if let Attempted::Ended(error, ..) = attempted {
            tracing::warn!(
                execution.id = %work.envelope.execution.execution,
                step = %work.envelope.step,
                state = entry.state.name(),
                attempt = entry.progress.attempt,
                code = error.code(),
                "the attempt did not succeed"
            );
        }
        Ok(match &entry.state {
            State::Retrying { due } if work.delivery.last_receive => self.wait(work, *due).await?,
            State::Retrying { due } => {
                let delay = due.duration_since(self.ports.clock().now());
                Verdict::RetryAfter(Duration::try_from(delay).unwrap_or_default())
            }
            State::Failed { .. } | State::GaveUp { .. } => Verdict::Fail,
            _ => Verdict::Acknowledge,
        })
    }
}
