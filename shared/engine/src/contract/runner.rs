//! The step contract at work: decode, decide, act.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Terms;
use super::arrival::{Arrival, Reaction, on_arrival};
use super::book::Books;
use super::connect::Connected;
use super::failure::Failure;
use super::gate::Held;
use super::later::send_later;
use super::process::Process;
use super::view::View;
use super::work::Work;
use crate::breaker::Tallies;
use crate::entry::{State, StepEntry};
use crate::envelope::{Envelope, Input};
use crate::port::{
    Clock, Definitions, DefinitionsError, Delivery, PortError, Ports, Secrets, Verdict,
};
use crate::rate::Desks;
use crate::step::{Effect, Step};
use crate::undeliverable;

/// How often a delivery is decided again because what it saw had changed.
pub(super) const MAX_LOOKS: u32 = 20;

const NO_SUCH_STEP: &str = "its version has no such step";

/// How long a copy waits at most before it looks again at a claim that lives.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A failure around the step, not of it: the message stays, and is delivered again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
    #[error("what this delivery saw kept changing")]
    Contended,
}

impl Trouble {
    fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.code(),
            Self::Definitions(error) => error.code(),
            Self::Contended => "Contended",
        }
    }
}

/// Runs deliveries of step functions under the step contract.
#[derive(Debug)]
pub struct Runner<P> {
    pub(super) ports: Arc<P>,
    pub(super) tallies: Arc<Tallies>,
    pub(super) desks: Arc<Desks>,
    pub(super) books: Arc<Books>,
}

impl<P> Clone for Runner<P> {
    fn clone(&self) -> Self {
        Self {
            ports: Arc::clone(&self.ports),
            tallies: Arc::clone(&self.tallies),
            desks: Arc::clone(&self.desks),
            books: Arc::clone(&self.books),
        }
    }
}

impl<P: Ports> Runner<P> {
    /// A runner on these ports.
    #[must_use]
    pub fn new(ports: Arc<P>) -> Self {
        Self::of(ports, Process::default())
    }

    /// The same with what its process remembers.
    #[must_use]
    pub fn remembering(self, process: &Process) -> Self {
        Self::of(self.ports, process.clone())
    }

    fn of(ports: Arc<P>, process: Process) -> Self {
        Self {
            ports,
            tallies: process.tallies,
            desks: process.desks,
            books: process.books,
        }
    }

    /// Handles one delivery.
    pub async fn deliver<S: Step>(&self, step: &S, delivery: &Delivery) -> Verdict {
        let ports = self.ports.as_ref();
        let envelope: Envelope = match serde_json::from_str(&delivery.body) {
            Ok(envelope) => envelope,
            Err(error) => return undeliverable::refuse(ports, delivery, &error.to_string()).await,
        };
        match self.handle(step, &envelope, delivery).await {
            Ok(verdict) => verdict,
            Err(trouble) => {
                let (code, message) = (trouble.code(), trouble.to_string());
                undeliverable::postpone_step(ports, delivery, &envelope, code, &message).await
            }
        }
    }

    async fn handle<S: Step>(
        &self,
        step: &S,
        envelope: &Envelope,
        delivery: &Delivery,
    ) -> Result<Verdict, Trouble> {
        let pack = self.ports.definitions().version(&envelope.manifest).await?;
        let Some((workflow, primary, definition)) = Work::find(envelope, &pack) else {
            return Ok(undeliverable::refuse(self.ports.as_ref(), delivery, NO_SUCH_STEP).await);
        };
        let ports = self.ports.as_ref();
        let connected = Connected::new(&S::SPEC, definition, &pack, envelope, ports.deployment());
        let next = primary.alternative_after(envelope.step.n);
        let effect = effect::<S>(envelope, &connected);
        let (entry_key, generation_key, once_key) =
            Work::keys(envelope, ports.secrets().identity_key());
        let work = Work {
            envelope,
            delivery,
            pack: &pack,
            workflow,
            primary,
            definition,
            terms: Terms::of(definition, connected.connection(), effect, next.is_some()),
            entry_key,
            generation_key,
            once_key,
            breakers: Work::breaker_keys(envelope, Work::asked(envelope, definition)),
            limits: Work::limits(envelope, definition, connected.connection()),
        };
        match self.look(step, &work, &connected).await {
            Err(trouble) if delivery.last_receive => self.lose(&work, trouble).await,
            handled => handled,
        }
    }

    async fn look<S: Step>(
        &self,
        step: &S,
        work: &Work<'_>,
        connected: &Connected<'_>,
    ) -> Result<Verdict, Trouble> {
        let mut view = View::default();
        self.look_at(work, &mut view).await?;
        let current = view.body::<u32>(&work.generation_key)?;
        if current.is_some_and(|current| work.envelope.generation < current) {
            return self.retire(work, &mut view).await;
        }
        self.react(step, work, connected, &mut view).await
    }

    /// A claim that lives mostly ends long before its lease does: look again soon.
    fn sooner(&self, work: &Work<'_>, view: &View, due: Timestamp) -> Result<Timestamp, PortError> {
        let entry = view.body::<StepEntry>(&work.entry_key)?;
        let claimed = entry.is_some_and(|entry| matches!(entry.state, State::Started { .. }));
        let soon = self.ports.clock().now().saturating_add(LOOK_AGAIN);
        Ok(soon.map_or(due, |soon| if claimed { due.min(soon) } else { due }))
    }

    pub(super) async fn wait(&self, work: &Work<'_>, due: Timestamp) -> Result<Verdict, Trouble> {
        let tenant = &work.envelope.execution.home.tenant;
        send_later(self.ports.as_ref(), work.delivery, tenant, due).await?;
        Ok(Verdict::Acknowledge)
    }

    /// Writes down that the queue is about to dead-letter a message that trouble kept from its
    /// outcome.
    async fn lose(&self, work: &Work<'_>, trouble: Trouble) -> Result<Verdict, Trouble> {
        let message = trouble.to_string();
        match self.record_lost(work, trouble.code(), &message).await {
            Ok(()) => Ok(undeliverable::postponed(
                work.delivery,
                trouble.code(),
                &message,
            )),
            Err(_) => Err(trouble),
        }
    }

    async fn react<S: Step>(
        &self,
        step: &S,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &mut View,
    ) -> Result<Verdict, Trouble> {
        let mut admitted = false;
        for _ in 0..MAX_LOOKS {
            let entry = view.body::<StepEntry>(&work.entry_key)?;
            let reaction = self.reaction(work, entry.as_ref().map(|entry| &entry.state));
            if let Some(items) = work.items().filter(|_| reaction.performs()) {
                match self.fan_out(work, view, items).await? {
                    Some(verdict) => return Ok(verdict),
                    None => continue,
                }
            }
            if reaction.performs()
                && let Some(collecting) = work.collecting(S::BATCHING)
            {
                match self.collected::<S>(work, view, collecting).await? {
                    Some(verdict) => return Ok(verdict),
                    None => continue,
                }
            }
            if reaction.performs() && !admitted {
                let held = self.hold_back(work, connected, view, reaction, S::ADDRESSED);
                match held.await? {
                    Held::Over(verdict) => return Ok(verdict),
                    Held::LookAgain => continue,
                    Held::No => admitted = true,
                }
            }
            let acted = self.act(step, work, connected, view, reaction);
            if let Some(verdict) = acted.await? {
                return Ok(verdict);
            }
        }
        Err(Trouble::Contended)
    }

    /// Does what was decided; `None`: look again.
    async fn act<S: Step>(
        &self,
        step: &S,
        work: &Work<'_>,
        connected: &Connected<'_>,
        view: &mut View,
        reaction: Reaction,
    ) -> Result<Option<Verdict>, Trouble> {
        match reaction {
            Reaction::Perform => self.attempt(step, work, connected, view, None).await,
            Reaction::Claim => self.claimed(step, work, connected, view, false).await,
            Reaction::TakeOver => self.claimed(step, work, connected, view, true).await,
            Reaction::Abandon => self.abandon(work, view).await,
            Reaction::FallBack => self.fall_back(work, view).await,
            Reaction::AcceptRedrive => self.accept_redrive(work, view).await,
            Reaction::Replay => self.replay(work, view).await.map(Some),
            Reaction::EnsureReview => self.ensure_review(work, view).await,
            Reaction::Wait(due) => {
                let due = self.sooner(work, view, due)?;
                self.wait(work, due).await.map(Some)
            }
            Reaction::FailAgain => self.fail_again(work, view).await.map(Some),
            Reaction::Stale => Ok(Some(Verdict::Acknowledge)),
        }
    }

    pub(super) fn reaction(&self, work: &Work<'_>, state: Option<&State>) -> Reaction {
        let arrival = Arrival {
            message: &work.delivery.message_id,
            created: work.delivery.created,
            sent: work.delivery.sent,
            now: self.ports.clock().now(),
            boot: self.ports.deployment().boot.as_deref(),
        };
        on_arrival(state, &work.terms, &arrival)
    }

    /// A failure of a step's delivery at this moment.
    pub(super) fn failure<'f>(
        &self,
        work: &Work<'f>,
        view: &View,
        code: &'f str,
        message: &'f str,
    ) -> Result<Failure<'f>, PortError> {
        let entry = view.body::<StepEntry>(&work.entry_key)?;
        Ok(Failure {
            envelope: work.envelope,
            delivery: work.delivery,
            severity: Failure::severity(Some(work.workflow)),
            progress: entry.map_or(crate::entry::Progress::FIRST, |entry| entry.progress),
            code,
            message,
            now: self.ports.clock().now(),
            quiet_until: None,
        })
    }
}

fn effect<S: Step>(envelope: &Envelope, connected: &Connected<'_>) -> Effect {
    match &envelope.input {
        Input::Rendered(input) => S::effect(input, connected.connection()),
        Input::Each(_) | Input::Failed { .. } => S::effect(&Json::Null, connected.connection()),
    }
}
