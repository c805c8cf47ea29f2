//! The claim of a step: taking it, and waiting for a `once` key that another holds.

use std::time::Duration;

use jiff::Timestamp;

use super::connect::Connected;
use super::later::send_later;
use super::once::{OnceClaim, OnceState, OnceVerdict, ask};
use super::perform::Attempted;
use super::runner::{Runner, Trouble};
use super::view::View;
use super::work::Work;
use crate::entry::{Occurred, Owner, StepEntry, transition};
use crate::port::{Clock, Entropy, PortError, Ports, Verdict, Write};
use crate::step::Step;

/// How long a claim outlives the attempt that it guards.
pub(super) const LEASE_MARGIN: Duration = Duration::from_secs(30);

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
        match self.commit_with_once(work, view, &writes).await? {
            Some(_changed) => Ok(None),
            None => {
                self.attempt(step, work, connected, view, Some(&owner))
                    .await
            }
        }
    }

    /// The claim, and the `once` key's if the step has one: one transaction. A key that is this
    /// step's own already is not written: whatever frees it writes the step's entry, too.
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
            if !own {
                writes.push(view.put(key, &work.once_claim(OnceState::Pending))?);
            }
        }
        Ok(Some(writes))
    }

    /// The write of an entry in its next state; `None`: the contract does not allow it here.
    pub(super) fn state_write(
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
}
