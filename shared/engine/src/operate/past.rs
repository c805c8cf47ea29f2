//! What an execution has been so far: its event, its generations, its entries.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::find::{PAGE, encoding};
use super::journaled::{DECISION_PREFIX, DecisionEntry, NewGeneration};
use super::{Door, OperateError, Operator, Rerun};
use crate::contract::{OnceClaim, OnceState, OnceVerdict, ask};
use crate::definition::model::{
    Action, ManifestId, Pack, StepDefinition, ValueExpression, Workflow,
};
use crate::entry::{State, StepEntry};
use crate::envelope::{Context, Envelope};
use crate::history::{Recorded, context_before, entries_of};
use crate::id::{EventId, ExecutionRef, StepKey};
use crate::key;
use crate::name::StepId;
use crate::operation::{ERROR, Operation, REVIEW};
use crate::port::{
    Clock, Item, Journal, Key, OperationList, PortError, Ports, Secrets, Table, Timer, Which,
};
use crate::promise::{Promise, timers_of};
use crate::route::{Decision, EventEntry};
use crate::timeline::{TimelineError, find_event};

/// What an execution has been so far.
pub(super) struct Past {
    pub(super) execution: ExecutionRef,
    pub(super) generation: u32,
    pub(super) generation_item: Option<Item>,
    /// The version of the latest generation.
    pub(super) manifest: ManifestId,
    /// Every version that one of its generations had.
    pub(super) manifests: Vec<ManifestId>,
    event: EventEntry,
    decision: Decision,
    entries: Vec<Recorded>,
    reruns: Vec<DecisionEntry>,
}

impl<P: Ports, D: Door> Operator<P, D> {
    /// Reads what an execution has been so far.
    pub(super) async fn past(&self, execution: &ExecutionRef) -> Result<Past, OperateError> {
        let unknown = || OperateError::UnknownExecution(execution.clone());
        let entries = entries_of(self.ports.journal(), execution).await?;
        let named = entries.first().map(|found| found.entry.event.clone());
        let event = match named {
            Some(event) => event,
            None => self.event_of(execution).await?.ok_or_else(unknown)?,
        };
        let event = find_event(self.ports.journal(), &execution.home.tenant, &event).await;
        let event = event.map_err(unreadable)?.ok_or_else(unknown)?;
        let ours =
            |decision: &&Decision| EventEntry::execution(decision).as_ref() == Some(execution);
        let decision = event.decisions.iter().find(ours).cloned();
        let decision = decision.ok_or_else(unknown)?;
        let reruns = self.reruns(execution).await?;
        let generation_item = self.item(&key::generation(execution)).await?;
        let current = generation_item.as_ref().map(read::<u32>).transpose()?;
        let started = reruns.iter().filter_map(|entry| entry.rerun.as_ref());
        let started = started.map(|new| new.manifest.clone());
        let manifests: Vec<_> = [decision.manifest.clone()]
            .into_iter()
            .chain(started)
            .collect();
        Ok(Past {
            execution: execution.clone(),
            generation: current.unwrap_or(1),
            generation_item,
            manifest: manifests.last().unwrap_or(&decision.manifest).clone(),
            manifests,
            event,
            decision,
            entries,
            reruns,
        })
    }

    /// The decisions that started its generations, in their order.
    async fn reruns(&self, execution: &ExecutionRef) -> Result<Vec<DecisionEntry>, OperateError> {
        let prefix = format!("{DECISION_PREFIX}{}#", execution.execution);
        let (partition, mut found, mut after) = (key::home(&execution.home), Vec::new(), None);
        loop {
            let journal = self.ports.journal();
            let page = journal
                .query(Table::Journal, &partition, &prefix, after.as_deref(), PAGE)
                .await?;
            for row in &page.rows {
                found.push(read(&row.item)?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// The event of an execution that has no entry: some operation speaks of it.
    async fn event_of(&self, execution: &ExecutionRef) -> Result<Option<EventId>, OperateError> {
        let mut after = None;
        loop {
            let list = self.ports.operations();
            let mut page = list.list(Which::All, after.as_deref(), PAGE).await?;
            after = page.next.take();
            let mut found = page.into_operations();
            if let Some(it) = found.find(|it| it.execution() == Some(execution)) {
                let envelope = serde_json::from_str::<Envelope>(it.subject()).ok();
                return Ok(envelope.map(|envelope| envelope.context.event.id));
            }
            if after.is_none() {
                return Ok(None);
            }
        }
    }

    /// Whether the step of an operation holds its `once` key until somebody decides.
    pub(super) async fn holds_once(&self, operation: &Operation) -> Result<bool, OperateError> {
        let Ok(envelope) = serde_json::from_str::<Envelope>(operation.subject()) else {
            return Ok(false);
        };
        let claim = self.once_claim(&envelope).await?;
        Ok(claim.is_some_and(|claim| {
            claim.state == OnceState::Pending
                && claim.execution == envelope.execution
                && claim.generation == envelope.generation
                && claim.step == envelope.step
        }))
    }

    /// Whether a step that is sent now would find that its effect happened, under its `once` key.
    pub(super) async fn is_suppressed(&self, envelope: &Envelope) -> Result<bool, OperateError> {
        let claim = self.once_claim(envelope).await?;
        let asking = (&envelope.execution, envelope.generation, &envelope.step);
        let verdict = ask(claim, asking, self.ports.clock().now());
        Ok(matches!(verdict, OnceVerdict::Suppressed(..)))
    }

    async fn once_claim(&self, envelope: &Envelope) -> Result<Option<OnceClaim>, OperateError> {
        let Some(once) = &envelope.once else {
            return Ok(None);
        };
        let tenant = &envelope.execution.home.tenant;
        let key = key::once(self.ports.secrets().identity_key(), tenant, once);
        let claim = self.item(&key).await?;
        claim.as_ref().map(read::<OnceClaim>).transpose()
    }
}

impl Past {
    /// The latest generation, where it is the same re-run by the same person.
    pub(super) fn same(
        &self,
        request: &Rerun,
        by: &str,
        why: &str,
    ) -> Option<(&DecisionEntry, &NewGeneration)> {
        let last = self.reruns.last()?;
        let new = last.rerun.as_ref()?;
        let same = last.by == by && last.reason.as_deref() == Some(why) && new.from == request.from;
        (same && new.generation == self.generation).then_some((last, new))
    }

    /// Why a re-run that lost against another is not made.
    pub(super) fn lost(&self) -> OperateError {
        match self.reruns.last() {
            Some(last) => OperateError::AlreadyRerun {
                by: last.by.clone(),
                at: last.at,
                generation: self.generation,
            },
            None => OperateError::Contended,
        }
    }

    /// What the execution knows before its step `from`: its event, and the results of earlier
    /// steps.
    pub(super) fn context(&self, workflow: &Workflow, from: &StepId) -> Context {
        let start = self.event.context(&self.decision);
        context_before(start, &self.execution, workflow, from, &self.entries)
    }

    /// The timers of a generation that a decision starts.
    pub(super) fn timers(
        &self,
        pack: &Pack,
        new: &NewGeneration,
        at: Timestamp,
    ) -> Result<Vec<Timer>, PortError> {
        let promise = Promise {
            execution: self.execution.clone(),
            generation: new.generation,
            manifest: new.manifest.clone(),
            event: self.event.event.id.clone(),
            started_at: at,
        };
        timers_of(pack, promise, &self.event)
    }

    /// Refuses what would repeat an effect: a step from `from` on that may have had one, is not
    /// a mere read, and is not under a `once` key that is done.
    pub(super) fn refuse_repeats(
        &self,
        workflow: &Workflow,
        from: usize,
    ) -> Result<(), OperateError> {
        let again = workflow.steps.get(from..).unwrap_or_default();
        let mut steps: Vec<StepKey> = Vec::new();
        for Recorded {
            step: key, entry, ..
        } in self.entries.iter().filter(|one| !one.step.undoes())
        {
            let step = again.iter().find(|step| step.id == key.step);
            let definition = step.and_then(|step| step.alternative(key.n));
            let repeats = definition.is_some_and(|it| acted(entry) && !is_harmless(it, entry));
            let key = key.whole();
            if repeats && !steps.contains(&key) {
                steps.push(key);
            }
        }
        if steps.is_empty() {
            Ok(())
        } else {
            Err(OperateError::EffectsRepeat { steps })
        }
    }

    /// The operations that entries of the generations before this one name.
    pub(super) fn operations(&self, new: u32) -> Vec<Key> {
        let tenant = &self.execution.home.tenant;
        let old = self.entries.iter();
        let old = old.filter(|one| one.generation < new);
        let named = old.filter_map(|one| one.entry.error.as_ref());
        let keys = named
            .flat_map(|error| [ERROR, REVIEW].map(|kind| key::operation(tenant, kind, &error.id)));
        keys.collect()
    }
}

/// Whether the step may have had its effect.
fn acted(entry: &StepEntry) -> bool {
    let done = entry.state == State::Succeeded && entry.suppressed.is_none();
    done || entry.progress.maybe || matches!(entry.state, State::Unknown | State::Started { .. })
}

/// Whether doing it again is no second effect: a `once` key that is done for good suppresses it,
/// a read changes nothing, and so does an update that found everything as it was to be.
fn is_harmless(definition: &StepDefinition, entry: &StepEntry) -> bool {
    let done = entry.state == State::Succeeded;
    let once = definition.once.as_ref();
    if done && once.is_some_and(|once| once.duration.is_none()) {
        return true;
    }
    match &definition.action {
        Action::UpdateRecord(_) => done && entry.changes.is_empty(),
        Action::Call { with } => definition.uses.as_str() == "call-http" && reads(with),
    }
}

fn reads(with: &[(String, ValueExpression)]) -> bool {
    let member = |name: &str| with.iter().find(|(member, _)| member == name);
    match member("method") {
        Some((_, ValueExpression::Literal(Json::String(method)))) => ["GET", "HEAD"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(method)),
        Some(_) => false,
        None => ["json", "form", "multipart"]
            .iter()
            .all(|body| member(body).is_none()),
    }
}

fn read<T: DeserializeOwned>(item: &Item) -> Result<T, OperateError> {
    Ok(serde_json::from_str(&item.body).map_err(encoding)?)
}

fn unreadable(error: TimelineError) -> OperateError {
    match error {
        TimelineError::Port(error) => error.into(),
        TimelineError::Undecodable(..) => {
            crate::port::PortError::Unavailable(error.to_string()).into()
        }
    }
}
