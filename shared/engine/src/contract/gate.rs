//! What is decided before any claim: whether a step that is due may perform now.

use std::time::Duration;

use jiff::Timestamp;

use super::arrival::Reaction;
use super::connect::Connected;
use super::once::{OnceClaim, OnceVerdict, ask};
use super::outcome::Ending;
use super::perform::Attempted;
use super::runner::{Runner, Trouble};
use super::turn::Turn;
use super::view::View;
use super::work::Work;
use crate::breaker::{Event, Gate, Kind, Subject, gate, step};
use crate::entry::{Progress, StepEntry};
use crate::port::{Clock, Journal, Key, PortError, Ports, Verdict};
use crate::step::StepError;
use crate::suppression::Addressed;

/// The code of an attempt that was not made since the connection's breaker is open.
pub(super) const BREAKER_OPEN: &str = "BreakerOpen";

/// How often admission is asked for again because a breaker had changed.
const MAX_TRIES: u32 = 5;

/// How much longer than the attempt a probe holds its breaker.
const PROBE_MARGIN: Duration = Duration::from_secs(30);

/// The shortest and the longest wait of what a person stopped: a start shows soon, and a long stop
/// of much work costs little.
const STOPPED: [Duration; 2] = [Duration::from_secs(30), Duration::from_mins(5)];

/// The same for what found no slot in a drain.
const DRAINING: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(2)];

/// Whether a step is held back.
#[derive(Debug)]
pub(super) enum Held {
    /// It may perform.
    No,
    /// The delivery is over.
    Over(Verdict),
    /// The entry is not as it was seen.
    LookAgain,
}

impl<P: Ports> Runner<P> {
    /// Decides whether a step performs now: what has expired is skipped, what comes outside its
    /// hours waits for them, what nobody wants any more is skipped, what is too old asks a person, what a breaker holds
    /// back goes to its fallback or waits, and what keeps a rate waits for its turn.
    pub(super) async fn hold_back(
        &self,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &mut View,
        reaction: Reaction,
        addressed: Option<Addressed>,
    ) -> Result<Held, Trouble> {
        if let Some(held) = self.untimely(work, connected, view, reaction).await? {
            return Ok(held);
        }
        if let Some(held) = self.unwanted(work, addressed, view, reaction).await? {
            return Ok(held);
        }
        if self.is_overdue(work) {
            return self.ask_about_overdue(work, view).await.map(Held::Over);
        }
        self.wait_for_room(work, connected, view, reaction).await
    }

    /// Waits for the breakers, and for a turn.
    async fn wait_for_room(
        &self,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &mut View,
        reaction: Reaction,
    ) -> Result<Held, Trouble> {
        let mut has_turn = work.limits.is_empty();
        for _ in 0..MAX_TRIES {
            let mut asked = self.ask_breakers(work);
            if asked.iter().any(|(_, gate)| gate.holds_back()) {
                self.read_breakers(work).await?;
                asked = self.ask_breakers(work);
            }
            if asked.iter().any(|(_, gate)| gate.holds_back()) {
                return self.held(work, view, reaction, &asked).await;
            }
            if !has_turn {
                if let Turn::Later(due) = self.take_turn(work).await? {
                    tracing::debug!(step = %work.envelope.step, %due, "the call waits for its turn");
                    return self.wait(work, due).await.map(Held::Over);
                }
                has_turn = true;
                continue;
            }
            if self.admit(work, connected, &asked).await? {
                return Ok(Held::No);
            }
        }
        let due = self.backoff(work, DRAINING);
        self.wait(work, due).await.map(Held::Over)
    }

    /// Reads the breakers as they are: whoever has just been started is not parked for what was
    /// known a moment ago.
    async fn read_breakers(&self, work: &Work<'_>) -> Result<(), PortError> {
        let items = self.ports.journal().read(&work.breakers).await?;
        let now = self.ports.clock().now();
        for (key, item) in work.breakers.iter().zip(items) {
            self.tallies.saw(key, item, now);
        }
        Ok(())
    }

    fn ask_breakers<'w>(&self, work: &'w Work<'_>) -> Vec<(&'w Key, Gate)> {
        let (now, owner) = (self.ports.clock().now(), work.prober());
        let ask = |key| {
            let state = self.tallies.seen(key).state;
            let own = state.is_probed_by(&owner);
            (key, if own { Gate::Free } else { gate(&state, now) })
        };
        work.breakers.iter().map(ask).collect()
    }

    /// Takes the probes and slots that are free, all or none. `false`: a breaker had changed.
    async fn admit(
        &self,
        work: &Work<'_>,
        connected: &Connected<'_>,
        asked: &[(&Key, Gate)],
    ) -> Result<bool, PortError> {
        let now = self.ports.clock().now();
        let lease = now
            .saturating_add(connected.timeout().saturating_add(PROBE_MARGIN))
            .unwrap_or(now);
        let owner = work.prober();
        let event = Event::Admitted { owner, lease };
        let mut moves = Vec::new();
        for (key, _) in asked.iter().filter(|(_, gate)| *gate == Gate::Take) {
            let seen = self.tallies.seen(key);
            let Some(next) = step(&seen.state, &event, now) else {
                return Ok(false);
            };
            moves.push(((*key).clone(), seen, next));
        }
        self.move_breakers(work, &moves).await
    }

    async fn held(
        &self,
        work: &Work<'_>,
        view: &mut View,
        reaction: Reaction,
        asked: &[(&Key, Gate)],
    ) -> Result<Held, Trouble> {
        if reaction == Reaction::Claim
            && is_connection_alone(asked)
            && self.may_fall_back(work, view).await?
        {
            let verdict = self.fall_back_at_once(work, view).await?;
            return Ok(verdict.map_or(Held::LookAgain, Held::Over));
        }
        let dues = asked.iter().map(|(key, gate)| self.due(work, key, *gate));
        let due = dues.flatten().max();
        let due = due.unwrap_or_else(|| self.ports.clock().now());
        tracing::debug!(step = %work.envelope.step, %due, "the delivery is parked");
        self.wait(work, due).await.map(Held::Over)
    }

    fn due(&self, work: &Work<'_>, key: &Key, gate: Gate) -> Option<Timestamp> {
        match gate {
            Gate::Free | Gate::Take => None,
            Gate::Open(from) => Some(self.tallies.queue_up(key, from, true)),
            Gate::Draining(from) => {
                let queued = self.tallies.queue_up(key, from, false);
                Some(queued.max(self.backoff(work, DRAINING)))
            }
            Gate::Stopped(_) => Some(self.backoff(work, STOPPED)),
        }
    }

    /// Twice the last wait, which is as old as the copy: the message itself keeps no count. Spread,
    /// so that what was parked together by many processes does not come back together.
    pub(super) fn backoff(&self, work: &Work<'_>, [shortest, longest]: [Duration; 2]) -> Timestamp {
        let now = self.ports.clock().now();
        let waited = now.duration_since(work.delivery.created);
        let waited = Duration::try_from(waited).unwrap_or_default();
        let delay = waited.saturating_mul(2).clamp(shortest, longest);
        let spread = delay.mul_f64(0.5 + 0.5 * self.fraction());
        now.saturating_add(spread).unwrap_or(now)
    }

    /// Whether nothing can have happened yet and another alternative is there. A `once` key that
    /// another step holds or has settled is not gone around.
    async fn may_fall_back(&self, work: &Work<'_>, view: &mut View) -> Result<bool, PortError> {
        let entry = view.body::<StepEntry>(&work.entry_key)?;
        let progress = entry.map_or(Progress::FIRST, |entry| entry.progress);
        if !work.terms.has_fallback || progress.maybe {
            return Ok(false);
        }
        let Some(key) = work.once_key.clone() else {
            return Ok(true);
        };
        let keys = [key];
        view.saw(&keys, self.ports.journal().read(&keys).await?);
        let [key] = keys;
        let envelope = work.envelope;
        let asking = (&envelope.execution, envelope.generation, &envelope.step);
        let verdict = ask(
            view.body::<OnceClaim>(&key)?,
            asking,
            self.ports.clock().now(),
        );
        Ok(verdict == OnceVerdict::Free)
    }

    async fn fall_back_at_once(
        &self,
        work: &Work<'_>,
        view: &mut View,
    ) -> Result<Option<Verdict>, Trouble> {
        let error = StepError::permanent(BREAKER_OPEN, "the connection's breaker is open");
        let attempted = Attempted::Ended(error, Ending::FallBack { maybe: false }, None);
        let verdict = self.settle(work, view, None, &attempted).await?;
        if let (Some(crash), Some(_)) = (work.crash_id(), verdict) {
            self.close(view, &work.error_key(&crash)).await?;
        }
        Ok(verdict)
    }
}

/// Whether the one thing that holds back is a connection that fails.
fn is_connection_alone(asked: &[(&Key, Gate)]) -> bool {
    asked.iter().all(|(key, gate)| match gate {
        Gate::Free | Gate::Take => true,
        Gate::Open(_) => {
            Subject::of_sort(&key.sort).is_some_and(|subject| subject.kind == Kind::Connection)
        }
        Gate::Draining(_) | Gate::Stopped(_) => false,
    })
}
