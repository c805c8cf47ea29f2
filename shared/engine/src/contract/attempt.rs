//! One attempt: its claim, its effect, its outcome.

use std::time::Duration;

use jiff::Timestamp;

use super::connect::Connected;
use super::failure;
use super::guarded::guarded;
use super::last_receive::CRASHED;
use super::later::send_later;
use super::once::{OnceClaim, OnceState, OnceVerdict, ask};
use super::outcome::{Ending, after_attempt, after_bad_output};
use super::runner::{MAX_LOOKS, Runner, Trouble};
use super::settle::{Attempted, refusal, shaped};
use super::view::View;
use super::work::Work;
use crate::definition::model::Refused;
use crate::entry::{Occurred, Owner, Progress, State, StepEntry, transition};
use crate::envelope::Input;
use crate::operation::ReviewKind;
use crate::port::{Change, Clock, Entropy, Journal, Key, PortError, Ports, Verdict, Write};
use crate::step::{Staged, Step, StepContext, StepError};

/// How often a step decides again at once because a record changed under it.
const MAX_CONTENTION: u32 = 10;

/// How long a claim outlives the attempt that it guards.
const LEASE_MARGIN: Duration = Duration::from_secs(30);

/// How long a step waits before it asks again for a `once` key that another holds.
const ONCE_WAIT: Duration = Duration::from_mins(1);

impl<P: Ports> Runner<P> {
    /// Takes the claim, and what belongs to it, then performs; `None`: look again.
    pub(super) async fn claimed<S: Step>(
        &self,
        step: &S,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &mut View,
        takes_over: bool,
    ) -> Result<Option<Verdict>, Trouble> {
        let now = self.ports.clock().now();
        if let Some(key) = &work.once_key {
            let asking = (
                &work.envelope.execution,
                work.envelope.generation,
                &work.envelope.step,
            );
            match ask(view.body::<OnceClaim>(key)?, asking, now) {
                OnceVerdict::Free => {}
                OnceVerdict::Held => return self.wait_for_once(work, now).await.map(Some),
                OnceVerdict::Suppressed(claim, output) => {
                    let attempted = Attempted::Suppressed(claim, output);
                    return self.settle(work, view, None, &attempted).await;
                }
            }
        }
        let owner = Owner::new(
            self.ports.deployment().boot.as_deref(),
            self.ports.entropy().bits(),
        );
        let Some(writes) = self.claim_writes(work, connected, view, &owner, takes_over)? else {
            return Ok(None);
        };
        match self.commit(view, &writes).await? {
            Some(_changed) => Ok(None),
            None => {
                self.attempt(step, work, connected, view, Some(&owner))
                    .await
            }
        }
    }

    /// The claim, and the `once` key's if the step has one: one transaction.
    fn claim_writes(
        &self,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &View,
        owner: &Owner,
        takes_over: bool,
    ) -> Result<Option<Vec<Write>>, PortError> {
        let now = self.ports.clock().now();
        let lease = now
            .saturating_add(connected.timeout().saturating_add(LEASE_MARGIN))
            .unwrap_or(now);
        let owner = owner.clone();
        let occurred = if takes_over {
            Occurred::TakenOver { owner, lease }
        } else {
            Occurred::Claimed { owner, lease }
        };
        let Some(mut writes) = Self::state_write(work, view, &occurred, now)? else {
            return Ok(None);
        };
        if let Some(key) = &work.once_key {
            let own = view
                .body::<OnceClaim>(key)?
                .is_some_and(|claim| claim.state == OnceState::Pending);
            writes.push(if own {
                view.write(key, Change::Check)
            } else {
                view.put(key, &work.once_claim(OnceState::Pending))?
            });
        }
        Ok(Some(writes))
    }

    /// The write of an entry in its next state; `None`: the contract does not allow it here.
    fn state_write(
        work: &Work<'_>,
        view: &View,
        occurred: &Occurred,
        now: Timestamp,
    ) -> Result<Option<Vec<Write>>, PortError> {
        let before = view.body::<StepEntry>(&work.entry_key)?;
        let from = before.as_ref().map(|entry| (&entry.state, entry.progress));
        let Ok((state, progress)) = transition(from, occurred) else {
            return Ok(None);
        };
        let entry = work.entry(state, progress, before.as_ref(), now);
        Ok(Some(vec![view.put(&work.entry_key, &entry)?]))
    }

    async fn wait_for_once(&self, work: &Work<'_>, now: Timestamp) -> Result<Verdict, Trouble> {
        let due = now.saturating_add(ONCE_WAIT).unwrap_or(now);
        send_later(
            self.ports.as_ref(),
            work.delivery,
            &work.envelope.execution.home.tenant,
            due,
        )
        .await?;
        Ok(Verdict::Acknowledge)
    }

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
            if !self.open_error(work, view, CRASHED, message).await? {
                return Ok(None);
            }
        }
        let verdict = self.attempts(step, work, connected, view, owner).await?;
        if let (Some(crash), Some(_)) = (crash, verdict) {
            self.close(view, &work.error_key(&crash)).await?;
        }
        Ok(verdict)
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

    async fn perform<S: Step>(
        &self,
        step: &S,
        work: &Work<'_>,
        connected: &Connected<'_>,
        progress: Progress,
    ) -> Attempted {
        let (key, staged) = (work.envelope.key(), Staged::default());
        let now = self.ports.clock().now();
        let ctx = StepContext {
            envelope: work.envelope,
            key: &key,
            attempt: progress.attempt,
            now,
            call: connected.call(work.envelope, &key),
            definition: work.definition,
            pack: work.pack,
            staged: &staged,
        };
        let effect = async { step.perform(&ctx, input::<S>(work)?).await };
        let deadline = self.ports.clock().sleep(connected.timeout());
        match guarded(effect, deadline).await {
            Ok(output) => self.succeeded::<S>(work, &staged, output, progress, now),
            Err(error) => self.ended(error, work, progress),
        }
    }

    fn succeeded<S: Step>(
        &self,
        work: &Work<'_>,
        staged: &Staged,
        output: S::Output,
        progress: Progress,
        now: Timestamp,
    ) -> Attempted {
        let output = serde_json::to_value(output)
            .map_err(|error| StepError::permanent("InvalidResponse", error.to_string()))
            .and_then(|output| shaped(work, S::SPEC.keeps, output, now));
        match output {
            Ok(output) => {
                if let (Some(reason), Refused::Fail) = (refusal(&output), work.terms.refused) {
                    self.ended(StepError::permanent("Refused", reason), work, progress)
                } else {
                    let (staged, audit) = staged.take();
                    Attempted::Succeeded {
                        output,
                        audit,
                        staged,
                    }
                }
            }
            Err(error) => Attempted::Ended(error, after_bad_output(&work.terms), None),
        }
    }

    fn ended(&self, error: StepError, work: &Work<'_>, progress: Progress) -> Attempted {
        let ending = after_attempt(&error, progress, &work.terms);
        let due = match &ending {
            Ending::Retry { delay, .. } => self
                .ports
                .clock()
                .now()
                .saturating_add(self.jittered(*delay))
                .ok(),
            _ => None,
        };
        Attempted::Ended(error, ending, due)
    }

    /// The delay, up to a tenth shorter or longer, so that what failed together does not come
    /// back together.
    fn jittered(&self, delay: Duration) -> Duration {
        let fraction =
            f64::from(u32::try_from(self.ports.entropy().bits() & 0xFFFF).unwrap_or_default())
                / 65_536.0;
        delay.mul_f64(0.9 + 0.2 * fraction)
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
            State::Failed { .. } => Verdict::Fail,
            _ => Verdict::Acknowledge,
        })
    }

    /// Leaves an expired claim on an effect that may have happened to a person.
    pub(super) async fn abandon(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Option<Verdict>, Trouble> {
        self.see_error(work, view).await?;
        let message = "the invocation ended without an outcome; its effect may have happened";
        let failure = self.failure(work, view, "ClaimAbandoned", message)?;
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
            code: "ClaimAbandoned".to_owned(),
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
            writes.extend(failure::close(view, key)?);
        }
        self.commit(view, &writes).await?;
        Ok(None)
    }
}

fn input<S: Step>(work: &Work<'_>) -> Result<S::Input, StepError> {
    match &work.envelope.input {
        Input::Rendered(input) => serde_json::from_value(input.clone())
            .map_err(|error| StepError::permanent("InvalidInput", error.to_string())),
        Input::Failed { code, message } => Err(StepError::permanent(code, message.clone())),
    }
}
