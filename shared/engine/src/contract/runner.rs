//! The step contract at work: decode, decide, act.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Terms;
use super::arrival::{Arrival, Reaction, on_arrival};
use super::connect::Connected;
use super::dispatch::messages;
use super::failure::Failure;
use super::later::send_later;
use super::view::View;
use super::work::Work;
use crate::entry::{State, StepEntry};
use crate::envelope::{Envelope, Input};
use crate::operation::ReviewKind;
use crate::port::{
    Clock, CommitError, Definitions, DefinitionsError, Delivery, Journal, Key, Outgoing, PortError,
    Ports, Queue, Secrets, Verdict, Write,
};
use crate::step::{Effect, Step};
use crate::undeliverable;

/// How often a delivery is decided again because what it saw had changed.
pub(super) const MAX_LOOKS: u32 = 20;

/// How long an envelope may be overdue before a person decides whether it still runs.
const MAX_AGE: Duration = Duration::from_hours(720);

/// A failure around the step, not of it: the message stays, and is delivered again.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
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
            Self::Port(error) | Self::Definitions(DefinitionsError::Port(error)) => error.code(),
            Self::Definitions(_) => "DefinitionMissing",
            Self::Contended => "Contended",
        }
    }
}

/// Runs deliveries of step functions under the step contract.
#[derive(Debug)]
pub struct Runner<P> {
    pub(super) ports: Arc<P>,
}

impl<P> Clone for Runner<P> {
    fn clone(&self) -> Self {
        Self {
            ports: Arc::clone(&self.ports),
        }
    }
}

impl<P: Ports> Runner<P> {
    /// A runner on these ports.
    #[must_use]
    pub fn new(ports: Arc<P>) -> Self {
        Self { ports }
    }

    /// Handles one delivery.
    pub async fn deliver<S: Step>(&self, step: &S, delivery: &Delivery) -> Verdict {
        let ports = self.ports.as_ref();
        let handled = match serde_json::from_str::<Envelope>(&delivery.body) {
            Ok(envelope) => self.handle(step, &envelope, delivery).await,
            Err(error) => return undeliverable::refuse(ports, delivery, &error.to_string()).await,
        };
        match handled {
            Ok(verdict) => verdict,
            Err(trouble) => {
                undeliverable::postpone(ports, delivery, trouble.code(), &trouble.to_string()).await
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
            return Ok(undeliverable::refuse(
                self.ports.as_ref(),
                delivery,
                "its version has no such step",
            )
            .await);
        };
        let connected = Connected::new(
            &S::SPEC,
            definition,
            &pack,
            envelope,
            self.ports.deployment(),
        );
        let next = primary.alternative(envelope.step.n.saturating_add(1));
        let effect = effect::<S>(envelope, &connected);
        let (entry_key, generation_key, once_key) =
            Work::keys(envelope, self.ports.secrets().identity_key());
        let terms = Terms::of(definition, connected.connection(), effect, next.is_some());
        let work = Work {
            envelope,
            delivery,
            pack: &pack,
            workflow,
            primary,
            definition,
            terms,
            entry_key,
            generation_key,
            once_key,
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
        let keys = [work.entry_key.clone(), work.generation_key.clone()];
        view.saw(&keys, self.ports.journal().read(&keys).await?);
        let current = view.body::<u32>(&work.generation_key)?;
        if current.is_some_and(|current| work.envelope.generation < current) {
            return self.retire(work, &mut view).await;
        }
        self.react(step, work, connected, &mut view).await
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
        for _ in 0..MAX_LOOKS {
            let entry = view.body::<StepEntry>(&work.entry_key)?;
            let reaction = self.reaction(work, entry.as_ref().map(|entry| &entry.state));
            let performs = matches!(
                reaction,
                Reaction::Perform | Reaction::Claim | Reaction::TakeOver
            );
            if performs && self.is_overdue(work) {
                return self.ask_about_overdue(work, view).await;
            }
            let verdict = match reaction {
                Reaction::Perform => self.attempt(step, work, connected, view, None).await?,
                Reaction::Claim => self.claimed(step, work, connected, view, false).await?,
                Reaction::TakeOver => self.claimed(step, work, connected, view, true).await?,
                Reaction::Abandon => self.abandon(work, view).await?,
                Reaction::FallBack => self.fall_back(work, view).await?,
                Reaction::AcceptRedrive => self.accept_redrive(work, view).await?,
                Reaction::Replay => self.replay(work, view, entry.as_ref()).await.map(Some)?,
                Reaction::EnsureReview => self.ensure_review(work, view, entry.as_ref()).await?,
                Reaction::Wait(due) => self.wait(work, due).await.map(Some)?,
                Reaction::FailAgain => Some(Verdict::Fail),
                Reaction::Stale => Some(Verdict::Acknowledge),
            };
            if let Some(verdict) = verdict {
                return Ok(verdict);
            }
        }
        Err(Trouble::Contended)
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

    /// Sends what follows a settled step again, byte for byte.
    async fn replay(
        &self,
        work: &Work<'_>,
        view: &mut View,
        entry: Option<&StepEntry>,
    ) -> Result<Verdict, Trouble> {
        if let Some(entry) = entry {
            let messages = self.following(work, entry)?;
            if !messages.is_empty() {
                self.ports.queue().send(messages).await?;
            }
            if entry.state == State::Succeeded {
                self.close_error(work, view).await?;
            }
        }
        Ok(Verdict::Acknowledge)
    }

    /// The messages that an entry says follow it.
    pub(super) fn following(
        &self,
        work: &Work<'_>,
        entry: &StepEntry,
    ) -> Result<Vec<Outgoing>, PortError> {
        let Some(dispatch) = &entry.dispatch else {
            return Ok(Vec::new());
        };
        let envelope = work.envelope;
        let context = match (&entry.state, &entry.output) {
            (State::Succeeded, Some(output)) => work.context_after(output),
            _ => envelope.context.clone(),
        };
        messages(
            work.pack,
            &envelope.execution,
            envelope.generation,
            &context,
            dispatch,
            self.ports.clock().now(),
        )
    }

    fn is_overdue(&self, work: &Work<'_>) -> bool {
        let now = self.ports.clock().now();
        work.envelope
            .due
            .checked_add(MAX_AGE)
            .is_ok_and(|latest| latest < now)
    }

    async fn ask_about_overdue(
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
    async fn ensure_review(
        &self,
        work: &Work<'_>,
        view: &mut View,
        entry: Option<&StepEntry>,
    ) -> Result<Option<Verdict>, Trouble> {
        let error = entry.and_then(|entry| entry.error.as_ref());
        let (code, message) = error
            .map_or(("OutcomeUnknown", "the effect may have happened"), |e| {
                (&e.code, &e.message)
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
        })
    }

    /// Commits writes that may be built again whenever what they were built on has changed.
    pub(super) async fn commit_settled(
        &self,
        view: &mut View,
        build: impl Fn(&View) -> Result<Vec<Write>, PortError>,
    ) -> Result<(), Trouble> {
        for _ in 0..MAX_LOOKS {
            let writes = build(view)?;
            if self.commit(view, &writes).await?.is_none() {
                return Ok(());
            }
        }
        Err(Trouble::Contended)
    }

    /// Commits writes; `Some` names the items that had changed, and the view has them as they are.
    pub(super) async fn commit(
        &self,
        view: &mut View,
        writes: &[Write],
    ) -> Result<Option<Vec<Key>>, PortError> {
        self.commit_and_send(view, writes, Vec::new()).await
    }

    /// Commits writes and sends what follows them; as [`Self::commit`].
    pub(super) async fn commit_and_send(
        &self,
        view: &mut View,
        writes: &[Write],
        messages: Vec<Outgoing>,
    ) -> Result<Option<Vec<Key>>, PortError> {
        if writes.is_empty() {
            return Ok(None);
        }
        match self.ports.commit_and_send(writes.to_vec(), messages).await {
            Ok(()) => {
                view.wrote(writes);
                Ok(None)
            }
            Err(CommitError::Conflict(conflicts)) => Ok(Some(view.learn(writes, conflicts))),
            Err(CommitError::Port(error)) => Err(error),
        }
    }
}

fn effect<S: Step>(envelope: &Envelope, connected: &Connected<'_>) -> Effect {
    match &envelope.input {
        Input::Rendered(input) => S::effect(input, connected.connection()),
        Input::Failed { .. } => S::effect(&Json::Null, connected.connection()),
    }
}
