//! What a person decides about a step whose effect is unknown, that failed for good, or that is
//! long overdue: the entry it leads to, and what is sent then.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::failure;
use super::ruling_seen::Ruling;
use super::runner::{Runner, Trouble};
use super::shape::declared;
use super::terms::Terms;
use super::view::View;
use super::work::Work;
use crate::definition::model::StepDefinition;
use crate::entry::{Dispatch, Occurred, State, StepEntry};
use crate::envelope::Envelope;
use crate::field::Violation;
use crate::id::StepKey;
use crate::port::{
    Change, Clock, Definitions, DefinitionsError, Delivery, Journal, Key, MessageId, Outgoing,
    PortError, Ports, QueueName, Secrets, Write,
};
use crate::step::Effect;

/// A person's word about a step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word<'a> {
    /// It is tried again; its effect may then happen twice.
    Retry,
    /// It was done; this is its result.
    Done(Option<&'a Json>),
    /// It did not happen, and is not to.
    Reject,
}

/// What a word leads to.
#[derive(Debug, Default)]
pub(crate) struct Ruled {
    pub(crate) writes: Vec<Write>,
    pub(crate) messages: Vec<Outgoing>,
    pub(crate) steps: Vec<StepKey>,
}

/// Why a word leads nowhere.
#[derive(Debug)]
pub(crate) enum Unruled {
    MovedOn(&'static str),
    InvalidOutput(Vec<Violation>),
    Trouble(Trouble),
}

impl From<PortError> for Unruled {
    fn from(error: PortError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<DefinitionsError> for Unruled {
    fn from(error: DefinitionsError) -> Self {
        Self::Trouble(error.into())
    }
}

const NO_SUCH_STEP: Unruled = Unruled::MovedOn("not in its version");

const OLD_GENERATION: Unruled = Unruled::MovedOn("of an old generation");

impl<P: Ports> Runner<P> {
    /// What a person's word about a step leads to. `begun`: it was written already, and only
    /// what follows is asked for. `item` is the operation that is decided on.
    pub(crate) async fn rule(
        &self,
        envelope: &Envelope,
        said: Word<'_>,
        begun: bool,
        item: &Key,
    ) -> Result<Ruled, Unruled> {
        let pack = self.ports.definitions().version(&envelope.manifest).await?;
        let (workflow, primary, definition) = Work::find(envelope, &pack).ok_or(NO_SUCH_STEP)?;
        let delivery = delivery(definition, envelope, self.ports.clock().now());
        let (entry_key, generation_key, once_key) =
            Work::keys(envelope, self.ports.secrets().identity_key());
        let work = Work {
            envelope,
            delivery: &delivery,
            pack: &pack,
            workflow,
            primary,
            definition,
            terms: Terms::of(definition, None, Effect::AtMostOnce, false),
            entry_key,
            generation_key,
            once_key,
            limits: Vec::new(),
            breakers: Vec::new(),
        };
        self.rule_on(&work, said, begun, item).await
    }

    async fn rule_on(
        &self,
        work: &Work<'_>,
        said: Word<'_>,
        begun: bool,
        item: &Key,
    ) -> Result<Ruled, Unruled> {
        let mut view = View::default();
        let mut keys = vec![work.entry_key.clone(), work.generation_key.clone()];
        keys.extend(work.once_key.clone());
        view.saw(&keys, self.ports.journal().read(&keys).await?);
        let named = self.see_error(work, &mut view).await?;
        let current = view.body::<u32>(&work.generation_key)?;
        let ruling = Ruling {
            work,
            view: &view,
            entry: view.body(&work.entry_key)?,
            old: current.is_some_and(|current| work.envelope.generation < current),
        };
        let mut ruled = match said {
            Word::Retry => self.retried(&ruling, begun)?,
            Word::Done(output) => self.done(&ruling, output, begun).await?,
            Word::Reject if begun => self.follow(&ruling, ruling.entry.clone())?,
            Word::Reject => self.rejected(&ruling).await?,
        };
        if let (Word::Done(_), false, Some(key)) = (said, begun, named.filter(|key| key != item)) {
            let now = self.ports.clock().now();
            ruled.writes.extend(failure::close(&view, &key, now)?);
        }
        Ok(ruled)
    }

    /// The envelope once more. One that was too old is due now: a person has seen it.
    fn retried(&self, ruling: &Ruling<'_>, begun: bool) -> Result<Ruled, Unruled> {
        if ruling.old {
            return Err(OLD_GENERATION);
        }
        let (work, now) = (ruling.work, self.ports.clock().now());
        let writes = match ruling.state() {
            _ if begun => Vec::new(),
            Some(State::Unknown) => ruling.changed(&Occurred::SentAgain { at: now }, now)?,
            None | Some(State::Retrying { .. } | State::Waiting) => Vec::new(),
            Some(state) => return Err(Unruled::MovedOn(state.name())),
        };
        let mut envelope = work.envelope.clone();
        if self.is_overdue(work) {
            envelope.due = now;
        }
        Ok(Ruled {
            writes,
            messages: vec![self.again(&envelope, &work.delivery.queue)?],
            steps: vec![envelope.step],
        })
    }

    fn again(&self, envelope: &Envelope, queue: &QueueName) -> Result<Outgoing, PortError> {
        let body = serde_json::to_string(envelope)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(Outgoing {
            queue: queue.clone(),
            body,
            delay: Duration::ZERO,
            tenant: envelope.execution.home.tenant.clone(),
            created: self.ports.clock().now(),
        })
    }

    async fn done(
        &self,
        ruling: &Ruling<'_>,
        output: Option<&Json>,
        begun: bool,
    ) -> Result<Ruled, Unruled> {
        let work = ruling.work;
        if begun {
            return self.follow(ruling, ruling.entry.clone());
        }
        let now = self.ports.clock().now();
        let none = Json::Object(Map::new());
        let output =
            declared(work, output.unwrap_or(&none).clone()).map_err(Unruled::InvalidOutput)?;
        if ruling.is_held_after_fallback() {
            let writes = work.once_done(ruling.view, &output, now)?;
            return Ok(Ruled {
                writes: writes.into_iter().collect(),
                ..Ruled::default()
            });
        }
        let mut entry = ruling.next(&Occurred::DeclaredDone, now)?;
        entry.output = Some(output.clone());
        if !ruling.old {
            entry.dispatch = work.following(self.ports.journal(), &output, now).await?;
        }
        let mut writes = vec![ruling.view.put(&work.entry_key, &entry)?];
        if ruling.may_take_once()? {
            writes.extend(work.once_done(ruling.view, &output, now)?);
        }
        let ruled = self.follow(ruling, Some(entry))?;
        Ok(Ruled { writes, ..ruled })
    }

    /// What an entry says follows it. Whoever is delivered an element that is done looks whether
    /// all are.
    fn follow(&self, ruling: &Ruling<'_>, entry: Option<StepEntry>) -> Result<Ruled, Unruled> {
        let Some(entry) = entry.filter(|_| !ruling.old) else {
            return Ok(Ruled::default());
        };
        let steps = entry
            .dispatch
            .iter()
            .flat_map(|dispatch| dispatch.steps.clone());
        let mut messages = self.following(ruling.work, &entry)?;
        if ruling.work.envelope.step.element.is_some() && entry.state == State::Succeeded {
            messages.push(self.again(ruling.work.envelope, &ruling.work.delivery.queue)?);
        }
        Ok(Ruled {
            writes: Vec::new(),
            messages,
            steps: steps.collect(),
        })
    }

    /// It failed for good: its `once` key is free, and what succeeded before it is undone.
    async fn rejected(&self, ruling: &Ruling<'_>) -> Result<Ruled, Unruled> {
        let (work, now) = (ruling.work, self.ports.clock().now());
        let undoing = self.undoing(ruling, now).await?;
        let occurred = ruling.rejection(undoing.is_some(), now);
        let (mut writes, mut ruled) = (Vec::new(), Ruled::default());
        if !ruling.is_held_after_fallback() {
            let mut entry = ruling.next(&occurred, now)?;
            entry.dispatch = undoing;
            writes.push(ruling.view.put(&work.entry_key, &entry)?);
            ruled = self.follow(ruling, Some(entry))?;
        }
        if let Some(key) = work.pending_once(ruling.view)? {
            writes.push(ruling.view.write(key, Change::Delete));
        }
        Ok(Ruled { writes, ..ruled })
    }

    /// The compensation that a rejection begins, if any.
    async fn undoing(
        &self,
        ruling: &Ruling<'_>,
        now: Timestamp,
    ) -> Result<Option<Dispatch>, Unruled> {
        let (work, envelope) = (ruling.work, ruling.work.envelope);
        let alone = work.primary.asynchronous || envelope.step.element.is_some();
        if ruling.old || alone || envelope.step.undoes() {
            return Ok(None);
        }
        let journal = self.ports.journal();
        let dispatch = work.undo(journal, &envelope.context, now).await?;
        Ok((!dispatch.steps.is_empty()).then_some(dispatch))
    }
}

/// The message that stands for the person's word: it was never in a queue.
fn delivery(definition: &StepDefinition, envelope: &Envelope, now: Timestamp) -> Delivery {
    Delivery {
        queue: QueueName::of(definition.uses.as_str()),
        message_id: MessageId(format!("decision:{}", envelope.key())),
        body: String::new(),
        created: now,
        sent: now,
        receive_count: 0,
        last_receive: false,
    }
}
