//! A deadline that has passed.

use super::due::{Promise, first};
use super::report::exceeded;
use super::stuck::{Concern, Loose, Told, Walked, concern, walk};
use super::trouble::Trouble;
use crate::definition::model::{Pack, Severity};
use crate::entry::Dispatch;
use crate::envelope::Context;
use crate::history::{Recorded, context_before, entries_of};
use crate::id::ExecutionRef;
use crate::key;
use crate::operate::{DecisionEntry, rerun_key};
use crate::operation::{ERROR, Operation, REVIEW};
use crate::port::{
    Clock, CommitError, Definitions, Expect, Item, Journal, Key, PortError, Ports, Write,
};
use crate::route::{Decision, EventEntry, Outcome};
use crate::timeline::find_event;

/// How often an execution is looked at again because it had changed.
const MAX_LOOKS: u32 = 10;

/// What came of looking at a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is to be said: it was kept, or someone knows already.
    Quiet(&'static str),
    /// So many failures were reported.
    Reported(usize),
}

/// Reports every step that keeps an execution from its end without anyone's knowledge.
pub(super) async fn keep<P: Ports>(ports: &P, promise: &Promise) -> Result<Answer, Trouble> {
    if generation(ports, &promise.execution).await? > promise.generation {
        return Ok(Answer::Quiet("it was run again: that has its own deadline"));
    }
    let pack = ports.definitions().version(&promise.manifest).await?;
    for _ in 0..MAX_LOOKS {
        let Some(walked) = stand(ports, promise, &pack).await? else {
            return Ok(Answer::Quiet("its event is gone"));
        };
        match report(ports, promise, &pack, &walked.loose).await {
            Ok(0) => return Ok(Answer::Quiet("nothing is stuck")),
            Ok(count) => return Ok(Answer::Reported(count)),
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Port(error)) => return Err(error.into()),
        }
    }
    Err(Trouble::Contended)
}

/// The generation of an execution.
pub(super) async fn generation<P: Ports>(
    ports: &P,
    execution: &ExecutionRef,
) -> Result<u32, PortError> {
    let item = read(ports, &key::generation(execution)).await?;
    let raised = item.and_then(|item| item.body.parse().ok());
    Ok(raised.unwrap_or(first()))
}

/// Where an execution stands; `None`: the journal knows nothing that started it.
pub(super) async fn stand<P: Ports>(
    ports: &P,
    promise: &Promise,
    pack: &Pack,
) -> Result<Option<Walked>, Trouble> {
    let Some((entry, decision)) = started(ports, promise).await? else {
        return Ok(None);
    };
    let entries = entries_of(ports.journal(), &promise.execution).await?;
    let begun = if promise.generation == first() {
        match &decision.outcome {
            Outcome::Started { dispatch, .. } => {
                Some((entry.context(&decision), (**dispatch).clone()))
            }
            Outcome::Skipped { .. } | Outcome::Stopped { .. } => None,
        }
    } else {
        let context = entry.context(&decision);
        rerun(ports, promise, pack, context, &entries).await?
    };
    Ok(begun.map(|(context, dispatch)| {
        let of = (&promise.execution, promise.generation);
        walk(pack, of, (&context, &dispatch), &entries)
    }))
}

/// What a re-run knew and sent when it began; `None`: another one took its place.
async fn rerun<P: Ports>(
    ports: &P,
    promise: &Promise,
    pack: &Pack,
    start: Context,
    entries: &[Recorded],
) -> Result<Option<(Context, Dispatch)>, PortError> {
    let execution = &promise.execution;
    let Some(item) = read(ports, &rerun_key(execution, promise.generation)).await? else {
        return Ok(None);
    };
    let line: DecisionEntry = serde_json::from_str(&item.body)
        .map_err(|error| PortError::Unavailable(error.to_string()))?;
    let begun = line.rerun.filter(|_| line.at == promise.started_at);
    let workflow = pack.workflows.get(&execution.workflow);
    let (Some(new), Some(workflow)) = (begun, workflow) else {
        return Ok(None);
    };
    let context = context_before(start, execution, workflow, &new.from, entries);
    Ok(Some((context, new.dispatch)))
}

/// The decision that started an execution, with its event's entry.
pub(super) async fn started<P: Ports>(
    ports: &P,
    promise: &Promise,
) -> Result<Option<(EventEntry, Decision)>, Trouble> {
    let tenant = &promise.execution.home.tenant;
    let Some(entry) = find_event(ports.journal(), tenant, &promise.event).await? else {
        return Ok(None);
    };
    let own = |decision: &&Decision| {
        EventEntry::execution(decision).is_some_and(|started| started == promise.execution)
    };
    let decision = entry.decisions.iter().find(own).cloned();
    Ok(decision.map(|decision| (entry, decision)))
}

/// Writes an error record for each stuck step, with the entry that names it; returns how many.
async fn report<P: Ports>(
    ports: &P,
    promise: &Promise,
    pack: &Pack,
    loose: &[Loose],
) -> Result<usize, CommitError> {
    let workflow = pack.workflows.get(&promise.execution.workflow);
    let severity = workflow.map_or(Severity::P1, |workflow| workflow.severity);
    let now = ports.clock().now();
    let mut count = 0;
    for loose in loose {
        let told = told(ports, loose).await?;
        let Concern::Stuck(what) = concern(loose, told, now) else {
            continue;
        };
        let Some(stuck) = exceeded(loose, &what, severity, now)? else {
            continue;
        };
        let record = key::operation(&promise.execution.home.tenant, ERROR, &stuck.record.id);
        if read(ports, &record).await?.is_some() {
            continue;
        }
        let (envelope, revision) = (&loose.envelope, loose.entry.as_ref().map(|(at, _)| *at));
        let step = key::step(&envelope.execution, envelope.generation, &envelope.step);
        let writes = vec![
            put(step, revision, &stuck.entry)?,
            put(record, None, &stuck.record)?,
        ];
        ports.journal().commit(writes).await?;
        count += 1;
    }
    Ok(count)
}

/// Whether the operation that a step's entry names tells someone of it.
async fn told<P: Ports>(ports: &P, loose: &Loose) -> Result<Told, PortError> {
    let tenant = &loose.envelope.execution.home.tenant;
    let named = loose
        .entry
        .as_ref()
        .and_then(|(_, entry)| entry.error.as_ref());
    let Some(error) = named else {
        return Ok(Told::Nobody);
    };
    let mut told = Told::Nobody;
    for kind in [ERROR, REVIEW] {
        let key = key::operation(tenant, kind, &error.id);
        let Some(item) = read(ports, &key).await? else {
            continue;
        };
        let operation = Operation::decode(&key.partition, &item.body)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        if operation.handling().needs_someone() {
            return Ok(Told::Open);
        }
        told = Told::Settled;
    }
    Ok(told)
}

pub(super) async fn read<P: Ports>(ports: &P, key: &Key) -> Result<Option<Item>, PortError> {
    let found = ports.journal().read(std::slice::from_ref(key)).await?;
    Ok(found.into_iter().flatten().next())
}

pub(super) fn put(
    key: Key,
    revision: Option<u64>,
    body: &impl serde::Serialize,
) -> Result<Write, PortError> {
    let expect = revision.map_or(Expect::Absent, Expect::Revision);
    Write::put(key, expect, body)
}
