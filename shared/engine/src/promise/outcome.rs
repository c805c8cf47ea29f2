//! An outcome that should have followed.

use std::collections::BTreeSet;

use super::deadline::{Answer, generation, put, read, stand, started};
use super::due::Promise;
use super::report::missing;
use super::trouble::Trouble;
use super::verdict::{OutcomeEntry, Seen, Verdict, judge};
use crate::contract::{ScopeData, read_references};
use crate::definition::model::{Expectation, Pack, Severity, Workflow};
use crate::entry::{End, StepEntry};
use crate::envelope::Context;
use crate::expr::Expression;
use crate::history::entries_of;
use crate::id::{EventId, RecordRef};
use crate::key::{self, EVENT_PREFIX, EXECUTION_PREFIX};
use crate::operation::{ERROR, ErrorRecord};
use crate::port::{Clock, CommitError, Definitions, Journal, PortError, Ports, Row, Table, Write};
use crate::record::find_record;
use crate::route::EventEntry;
use crate::timeline::find_event;

/// How often a verdict is written again because it had changed.
const MAX_LOOKS: u32 = 10;

/// Entries read at once.
const PAGE: usize = 200;

/// Looks for an outcome, and writes down what became of it. A missed one may be met later: looking
/// again, by a redrive, closes its error.
pub(super) async fn keep<P: Ports>(ports: &P, promise: &Promise) -> Result<Answer, Trouble> {
    let pack = ports.definitions().version(&promise.manifest).await?;
    let workflow = pack.workflows.get(&promise.execution.workflow);
    let Some((workflow, expected)) = workflow.and_then(|one| Some((one, one.outcome.as_ref()?)))
    else {
        return Ok(Answer::Quiet("its version expects nothing"));
    };
    let Some((event, decision)) = started(ports, promise).await? else {
        return Ok(Answer::Quiet("its event is gone"));
    };
    let record = find_record(ports.journal(), &promise.execution.home).await?;
    let mut context = event.context(&decision);
    let deleted = record.as_ref().is_some_and(|(record, _)| record.deleted);
    context.record = record.map(|(record, _)| record.snapshot());
    let found = match &expected.expect {
        Expectation::Event(name) => arrived(ports, promise, name).await?,
        Expectation::Record(_) if deleted => Err("the record was deleted".to_owned()),
        Expectation::Record(logic) => holds(ports, promise, &context, logic).await?,
    };
    let end = end(ports, promise, &pack).await?;
    let verdict = judge(&Seen {
        end,
        deleted,
        found,
    });
    let missed = matches!(verdict, Verdict::Missed { .. });
    if missed && generation(ports, &promise.execution).await? > promise.generation {
        return Ok(Answer::Quiet("it was run again: that is looked at later"));
    }
    settle(ports, promise, workflow, &expected.expect, verdict).await
}

/// How an execution ended, in whichever generation it last did.
async fn end<P: Ports>(ports: &P, promise: &Promise, pack: &Pack) -> Result<Option<End>, Trouble> {
    let entries = entries_of(ports.journal(), &promise.execution).await?;
    let ends = entries.into_iter().filter(|one| one.generation > 1);
    let ends = ends.filter_map(|one| Some((one.generation, one.entry.dispatch?.end?)));
    if let Some((_, end)) = ends.max_by_key(|(generation, _)| *generation) {
        return Ok(Some(end));
    }
    Ok(stand(ports, promise, pack)
        .await?
        .and_then(|walked| walked.end))
}

/// Whether the record is now as it is expected to be.
async fn holds<P: Ports>(
    ports: &P,
    promise: &Promise,
    context: &Context,
    logic: &Expression,
) -> Result<Result<(), String>, PortError> {
    let home = &promise.execution.home;
    let scope = ScopeData::of(context, &home.tenant);
    let mut refs = std::collections::BTreeMap::new();
    read_references(ports.journal(), home, &scope, logic.reads(), &mut refs).await?;
    let now = ports.clock().now();
    Ok(
        match scope.with(&refs, now, |scope| logic.condition(scope)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{} is false", logic.source())),
            Err(error) => Err(format!("{} has no value: {error}", logic.source())),
        },
    )
}

/// Whether an event of this name came since the start, in the timeline of the record: events that
/// started nothing lie there, the others are named by the entries of what they started.
async fn arrived<P: Ports>(
    ports: &P,
    promise: &Promise,
    name: &str,
) -> Result<Result<(), String>, Trouble> {
    let home = &promise.execution.home;
    let fits = |event: &EventEntry| {
        let own = event.event.id == promise.event;
        !own && event.event.name == name
            && event.home == *home
            && event.decided_at >= promise.started_at
    };
    let mut named = BTreeSet::new();
    for row in rows(ports, home, EVENT_PREFIX).await? {
        if fits(&decoded(&row)?) {
            return Ok(Ok(()));
        }
    }
    for row in rows(ports, home, EXECUTION_PREFIX).await? {
        let entry: StepEntry = decoded(&row)?;
        if entry.at >= promise.started_at && entry.event != promise.event {
            named.insert(entry.event);
        }
    }
    let reason = format!("no event {name} came since {}", promise.started_at);
    Ok(any(ports, home, &named, fits)
        .await?
        .then_some(())
        .ok_or(reason))
}

async fn any<P: Ports>(
    ports: &P,
    home: &RecordRef,
    events: &BTreeSet<EventId>,
    fits: impl Fn(&EventEntry) -> bool,
) -> Result<bool, Trouble> {
    for event in events {
        let found = find_event(ports.journal(), &home.tenant, event).await?;
        if found.is_some_and(|event| fits(&event)) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn rows<P: Ports>(ports: &P, home: &RecordRef, prefix: &str) -> Result<Vec<Row>, PortError> {
    let (partition, mut rows, mut after) = (key::home(home), Vec::new(), None);
    loop {
        let page = ports
            .journal()
            .query(Table::Journal, &partition, prefix, after.as_deref(), PAGE)
            .await?;
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

fn decoded<T: serde::de::DeserializeOwned>(row: &Row) -> Result<T, PortError> {
    let wrong = |error| PortError::Unavailable(format!("{} does not decode: {error}", row.sort));
    serde_json::from_str(&row.item.body).map_err(wrong)
}

/// Writes a verdict, with the error record of a missed outcome, in one transaction.
async fn settle<P: Ports>(
    ports: &P,
    promise: &Promise,
    workflow: &Workflow,
    expect: &Expectation,
    verdict: Verdict,
) -> Result<Answer, Trouble> {
    let now = ports.clock().now();
    let entry = OutcomeEntry {
        expect: expect.to_string(),
        at: now,
        event: promise.event.clone(),
        generation: promise.generation,
        version: promise.manifest.to_string(),
        verdict,
    };
    for _ in 0..MAX_LOOKS {
        let writes = writes(ports, promise, workflow.severity, &entry).await?;
        if writes.is_empty() {
            return Ok(Answer::Quiet("it was looked for already"));
        }
        match ports.journal().commit(writes).await {
            Ok(()) if matches!(entry.verdict, Verdict::Missed { .. }) => {
                return Ok(Answer::Reported(1));
            }
            Ok(()) => return Ok(Answer::Quiet(entry.verdict.name())),
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Port(error)) => return Err(error.into()),
        }
    }
    Err(Trouble::Contended)
}

/// The first verdict of a generation holds; only a missed outcome that came after all replaces it.
async fn writes<P: Ports>(
    ports: &P,
    promise: &Promise,
    severity: Severity,
    entry: &OutcomeEntry,
) -> Result<Vec<Write>, PortError> {
    let key = key::outcome(&promise.execution);
    let earlier = read(ports, &key).await?;
    let known = earlier
        .as_ref()
        .map(|item| serde_json::from_str::<OutcomeEntry>(&item.body));
    let missed = matches!(entry.verdict, Verdict::Missed { .. });
    match known.transpose() {
        Ok(Some(known)) if !replaces(entry, &known) => return Ok(Vec::new()),
        Ok(_) => {}
        Err(error) => return Err(PortError::Unavailable(error.to_string())),
    }
    let revision = earlier.map(|item| item.revision);
    let mut writes = vec![put(key, revision, entry)?];
    let reason = entry.verdict.reason().unwrap_or_default();
    let record = missing(promise, reason, severity, entry.at)?;
    let key = key::operation(&promise.execution.home.tenant, ERROR, &record.id);
    let found = read(ports, &key).await?;
    let earlier = found.as_ref();
    let earlier = earlier.map(|item| serde_json::from_str::<ErrorRecord>(&item.body));
    let earlier = earlier.transpose();
    let earlier = earlier.map_err(|error| PortError::Unavailable(error.to_string()))?;
    let record = match earlier {
        None if missed => Some(record),
        Some(earlier) if missed => Some(record.again(&earlier)),
        Some(earlier) => Some(ErrorRecord {
            handling: earlier.handling.clone().closed(entry.at),
            ..earlier
        }),
        None => None,
    };
    if let Some(record) = record {
        writes.push(put(key, found.map(|item| item.revision), &record)?);
    }
    Ok(writes)
}

/// Whether a verdict takes the place of one that is known: that of an earlier generation, or a
/// missed one.
fn replaces(verdict: &OutcomeEntry, known: &OutcomeEntry) -> bool {
    let missed = |entry: &OutcomeEntry| matches!(entry.verdict, Verdict::Missed { .. });
    known.generation < verdict.generation || (missed(known) && !missed(verdict))
}
