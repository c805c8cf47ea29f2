//! Re-runs: a new generation of an execution, from a step on.

use std::sync::Arc;

use super::find::{changed, decoded, put_new};
use super::journaled::{DecisionEntry, Deed, NewGeneration, rerun_key};
use super::operator::{MAX_LOOKS, person, reason};
use super::past::Past;
use super::{Door, OperateError, Operator, Outcome, Rerun};
use crate::contract::{Position, advance, envelopes, messages};
use crate::definition::model::{ManifestId, Pack, Workflow};
use crate::envelope::Context;
use crate::id::StepKey;
use crate::key;
use crate::operation::Mark;
use crate::port::{
    Change, Clock, CommitError, Definitions, DefinitionsError, Expect, Item, Outgoing, PortError,
    Ports, Queue, Timers, Write,
};

/// Digits of a version that name it.
const MIN_HASH: usize = 4;

/// What a new generation would be, before anything of it is written.
struct Planned {
    pack: Arc<Pack>,
    context: Context,
    entry: DecisionEntry,
}

impl<P: Ports, D: Door> Operator<P, D> {
    pub(super) async fn rerun(&self, request: &Rerun) -> Result<Outcome, OperateError> {
        let (by, why) = (person(&request.by)?, reason(&request.reason)?);
        let mut seen = request.seen;
        for _ in 0..MAX_LOOKS {
            let past = self.past(&request.execution).await?;
            match past.same(request, &by, &why) {
                Some((entry, new)) if !new.sent => {
                    return self.send_begun(&past, entry.clone()).await;
                }
                Some((_, new))
                    if seen.is_some_and(|seen| new.generation == seen.saturating_add(1)) =>
                {
                    return self.begun(&past, new).await;
                }
                _ => {}
            }
            let generation = past.generation;
            if *seen.get_or_insert(generation) != generation {
                return Err(past.lost());
            }
            let planned = self.plan(request, &past, (&by, &why)).await?;
            if let Some(outcome) = self.start(&past, planned).await? {
                return Ok(outcome);
            }
        }
        Err(OperateError::Contended)
    }

    /// What the new generation is: its version, what it knows, and what it is sent first.
    async fn plan(
        &self,
        request: &Rerun,
        past: &Past,
        (by, why): (&str, &str),
    ) -> Result<Planned, OperateError> {
        let pack = self.version(request, past).await?;
        let (workflow, from) = step_of(&pack, request)?;
        if !request.again {
            past.refuse_repeats(workflow, from)?;
        }
        let context = past.context(workflow, &request.from);
        let (now, at) = (self.ports.clock().now(), Position::At(&request.from));
        let (journal, execution) = (self.ports.journal(), &request.execution);
        let dispatch = advance(journal, workflow, execution, &context, at, now).await?;
        let new = NewGeneration {
            generation: past.generation.saturating_add(1),
            from: request.from.clone(),
            manifest: pack.manifest.clone(),
            dispatch,
            sent: false,
        };
        let (by, reason) = (by.to_owned(), Some(why.to_owned()));
        let mark = Mark {
            by,
            at: now,
            reason,
        };
        let entry = DecisionEntry {
            execution: Some(request.execution.clone()),
            rerun: Some(new),
            ..DecisionEntry::of(Deed::Rerun, &mark)
        };
        Ok(Planned {
            pack: Arc::clone(&pack),
            context,
            entry,
        })
    }

    /// Raises the generation, then sends; `None`: somebody was first.
    async fn start(&self, past: &Past, planned: Planned) -> Result<Option<Outcome>, OperateError> {
        let Planned {
            pack,
            context,
            entry,
        } = planned;
        let Some(new) = &entry.rerun else {
            return Ok(None);
        };
        let raise = Write {
            key: key::generation(&past.execution),
            expect: Expect::unchanged(past.generation_item.as_ref()),
            change: Change::Put(new.generation.to_string()),
        };
        let key = rerun_key(&past.execution, new.generation);
        let line = put_new(key, &entry)?;
        let sent = self.first(past, &pack, &context, new)?;
        self.arm(past, &pack, &entry).await?;
        match self.ports.commit_and_send(vec![raise, line], sent).await {
            Ok(()) => self.end(past, entry).await.map(Some),
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(CommitError::Port(error)) => Err(error.into()),
        }
    }

    /// Arms the timers of a new generation, before there is one: where somebody else starts it,
    /// they find that it is not theirs.
    async fn arm(&self, past: &Past, pack: &Pack, entry: &DecisionEntry) -> Result<(), PortError> {
        let Some(new) = &entry.rerun else {
            return Ok(());
        };
        for timer in past.timers(pack, new, entry.at)? {
            self.ports.timers().arm(timer).await?;
        }
        Ok(())
    }

    fn first(
        &self,
        past: &Past,
        pack: &Pack,
        context: &Context,
        new: &NewGeneration,
    ) -> Result<Vec<Outgoing>, PortError> {
        let now = self.ports.clock().now();
        let (execution, dispatch) = (&past.execution, &new.dispatch);
        messages(pack, execution, new.generation, context, dispatch, now)
    }

    /// Sends what a generation that was begun is sent first, once more.
    async fn send_begun(&self, past: &Past, entry: DecisionEntry) -> Result<Outcome, OperateError> {
        if let Some(new) = &entry.rerun {
            let pack = self.ports.definitions().version(&new.manifest).await?;
            let workflow = pack.workflows.get(&past.execution.workflow);
            self.arm(past, &pack, &entry).await?;
            let has = |workflow: &&Arc<Workflow>| workflow.steps.iter().any(|it| it.id == new.from);
            if let Some(workflow) = workflow.filter(has) {
                let context = past.context(workflow, &new.from);
                let sent = self.first(past, &pack, &context, new)?;
                self.ports.queue().send(sent).await?;
            }
        }
        self.end(past, entry).await
    }

    async fn begun(&self, past: &Past, new: &NewGeneration) -> Result<Outcome, OperateError> {
        Ok(Outcome::Rerun {
            execution: past.execution.clone(),
            generation: new.generation,
            steps: new.dispatch.steps.clone(),
            suppressed: self.suppressed(past, new).await?,
        })
    }

    /// The steps that are sent first and that another effect under their `once` key suppresses.
    async fn suppressed(
        &self,
        past: &Past,
        new: &NewGeneration,
    ) -> Result<Vec<StepKey>, OperateError> {
        let pack = self.ports.definitions().version(&new.manifest).await?;
        let Some(workflow) = pack.workflows.get(&past.execution.workflow) else {
            return Ok(Vec::new());
        };
        let context = past.context(workflow, &new.from);
        let (execution, dispatch) = (&past.execution, &new.dispatch);
        let sent = envelopes(&pack, execution, new.generation, &context, dispatch);
        let mut suppressed = Vec::new();
        for (envelope, _) in sent {
            if self.is_suppressed(&envelope).await? {
                suppressed.push(envelope.step);
            }
        }
        Ok(suppressed)
    }

    /// Writes that it was sent, and closes what the old generations left open.
    async fn end(&self, past: &Past, mut entry: DecisionEntry) -> Result<Outcome, OperateError> {
        let Some(new) = &mut entry.rerun else {
            return Err(OperateError::Contended);
        };
        self.close_old(past, new.generation).await?;
        new.sent = true;
        let key = rerun_key(&past.execution, new.generation);
        let outcome = self.begun(past, new).await?;
        if let Some(found) = self.item(&key).await? {
            let body = serde_json::to_string(&entry).map_err(super::find::encoding)?;
            self.commit(vec![Write {
                key,
                expect: Expect::Revision(found.revision),
                change: Change::Put(body),
            }])
            .await?;
        }
        Ok(outcome)
    }

    /// Closes the operations that entries of old generations name. One whose `once` key is held
    /// stays: the new generation waits for the same decision.
    async fn close_old(&self, past: &Past, new: u32) -> Result<(), OperateError> {
        for key in past.operations(new) {
            for _ in 0..MAX_LOOKS {
                let Some(item) = self.item(&key).await? else {
                    break;
                };
                if self.close_one(&key, item).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn close_one(&self, key: &crate::port::Key, item: Item) -> Result<bool, OperateError> {
        let found = decoded(key, item)?;
        if !found.operation.handling().needs_someone() || self.holds_once(&found.operation).await? {
            return Ok(true);
        }
        let mut operation = found.operation.clone();
        let now = self.ports.clock().now();
        let handling = operation.handling_mut();
        *handling = handling.clone().closed(now);
        Ok(self.commit(vec![changed(&found.item, &operation)?]).await?)
    }

    /// The version that is asked for: `live`, the beginning of a known hash, or that of the
    /// latest generation.
    async fn version(&self, request: &Rerun, past: &Past) -> Result<Arc<Pack>, OperateError> {
        let definitions = self.ports.definitions();
        let Some(wanted) = &request.version else {
            return Ok(definitions.version(&past.manifest).await?);
        };
        let unknown = || OperateError::UnknownVersion(wanted.clone());
        let live = definitions.live(&request.execution.home.tenant).await?;
        let pack = &past.manifest.pack;
        let live = live.unwrap_or_default();
        let live = live.iter().find(|it| it.manifest.pack == *pack).cloned();
        if wanted == "live" {
            return live.ok_or_else(unknown);
        }
        let hash = wanted.strip_prefix(&format!("{pack}@")).unwrap_or(wanted);
        let known = past
            .manifests
            .iter()
            .chain(live.iter().map(|it| &it.manifest));
        let mut named = known.filter(|it| hash.len() >= MIN_HASH && it.hash.starts_with(hash));
        let manifest = named.next().cloned().unwrap_or_else(|| ManifestId {
            pack: pack.clone(),
            hash: hash.into(),
        });
        definitions
            .version(&manifest)
            .await
            .map_err(|error| match error {
                DefinitionsError::NotPublished(_) => unknown(),
                error => error.into(),
            })
    }
}

/// The workflow of an execution, and the index of the step that it begins with.
fn step_of<'p>(pack: &'p Pack, request: &Rerun) -> Result<(&'p Workflow, usize), OperateError> {
    let workflow = pack.workflows.get(&request.execution.workflow);
    let found = workflow.and_then(|workflow| {
        let index = workflow.steps.iter().position(|it| it.id == request.from);
        index.map(|index| (workflow.as_ref(), index))
    });
    found.ok_or_else(|| OperateError::UnknownStep {
        step: request.from.clone(),
        version: pack.manifest.to_string(),
    })
}
