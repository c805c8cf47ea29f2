//! One dead letter: whether anybody knows of it, and its error record if nobody does.

use jiff::Timestamp;

use crate::alert;
use crate::definition::model::Severity;
use crate::entry::{ErrorSummary, Occurred, State, StepEntry, transition};
use crate::envelope::Envelope;
use crate::key;
use crate::name::TenantName;
use crate::operation::{ERROR, ErrorRecord, Handling, Operation, REVIEW, bounded};
use crate::port::{
    Change, Clock, CommitError, DeadLetter, Definitions, Expect, Item, Journal, Key, MAX_DELAY,
    PortError, Ports, QueueName, Write,
};
use crate::undeliverable;

use super::{superseded, unfit};

/// The code of a dead letter that nobody had recorded.
const DEAD_LETTERED: &str = "DeadLettered";

/// What a look at a dead letter came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It has its error record now.
    Recorded,
    /// Somebody knows of it, or nobody has to.
    Known,
    /// Its step is being worked on: that will tell.
    Undecided,
}

/// Looks at a dead letter.
pub(super) async fn look<P: Ports>(
    ports: &P,
    queue: &QueueName,
    letter: &DeadLetter,
) -> Result<Found, PortError> {
    let id = undeliverable::id_of(&letter.id);
    let tenant = TenantName::new(&letter.tenant).ok();
    let mut keys = vec![key::unowned_error(&id)];
    keys.extend(
        tenant
            .as_ref()
            .map(|tenant| key::operation(tenant, ERROR, &id)),
    );
    if read(ports, &keys).await?.iter().any(Option::is_some) {
        return Ok(Found::Known);
    }
    let found = if let Ok(envelope) = serde_json::from_str::<Envelope>(&letter.body) {
        of_step(ports, queue, letter, &envelope).await?
    } else {
        let record = record(ports, queue, letter, tenant);
        commit(ports, vec![created(&record)?]).await?
    };
    if found == Found::Recorded {
        tracing::error!(%queue, message.id = %letter.id.0, error.id = id, "a dead letter had no error record");
    }
    Ok(found)
}

async fn read<P: Ports>(ports: &P, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
    ports.journal().read(keys).await
}

/// The record of a step's dead letter is named by the step's entry, so that a success closes it.
async fn of_step<P: Ports>(
    ports: &P,
    queue: &QueueName,
    letter: &DeadLetter,
    envelope: &Envelope,
) -> Result<Found, PortError> {
    let (execution, generation) = (&envelope.execution, envelope.generation);
    let keys = [
        key::step(execution, generation, &envelope.step),
        key::generation(execution),
    ];
    let mut items = read(ports, &keys).await?.into_iter();
    let (item, raised) = (items.next().flatten(), items.next().flatten());
    let [entry_key, _] = keys;
    let entry = item.as_ref().map(|item| serde_json::from_str(&item.body));
    let entry: Option<StepEntry> = entry.transpose().map_err(unfit)?;
    let now = ports.clock().now();
    if raised.is_some_and(|item| is_above(&item.body, generation)) {
        return Ok(Found::Known);
    }
    match entry.as_ref().map(|entry| &entry.state) {
        Some(State::Started { lease, .. }) if *lease > now => return Ok(Found::Undecided),
        Some(state) if state.is_final() || *state == State::Waiting => {
            return settled(ports, queue, letter, envelope, entry.as_ref()).await;
        }
        _ => {}
    }
    if known(ports, &execution.home.tenant, entry.as_ref()).await? {
        return Ok(Found::Known);
    }
    let record = step_record(ports, queue, letter, envelope, entry.as_ref()).await?;
    let Some(named) = named(envelope, entry, &record, now) else {
        return Ok(Found::Undecided);
    };
    let write = Write {
        key: entry_key,
        expect: Expect::unchanged(item.as_ref()),
        change: Change::Put(serde_json::to_string(&named).map_err(unfit)?),
    };
    commit(ports, vec![write, created(&record)?]).await
}

/// A dead letter of a settled step may be the one that should have sent what follows, once that
/// has not arrived for longer than any delay of a queue. Its record is closed when it arrives.
async fn settled<P: Ports>(
    ports: &P,
    queue: &QueueName,
    letter: &DeadLetter,
    envelope: &Envelope,
    entry: Option<&StepEntry>,
) -> Result<Found, PortError> {
    let arrived = match entry {
        Some(entry) => superseded::follows(ports, envelope, entry).await?,
        None => true,
    };
    let overdue = letter.dead_at.saturating_add(MAX_DELAY);
    if arrived || known(ports, &envelope.execution.home.tenant, entry).await? {
        Ok(Found::Known)
    } else if overdue.is_ok_and(|overdue| overdue > ports.clock().now()) {
        Ok(Found::Undecided)
    } else {
        let record = step_record(ports, queue, letter, envelope, entry).await?;
        commit(ports, vec![created(&record)?]).await
    }
}

/// Whether an execution's generation was raised above that of a message.
fn is_above(body: &str, generation: u32) -> bool {
    serde_json::from_str::<u32>(body).is_ok_and(|raised| raised > generation)
}

/// Whether the entry names an operation that needs someone.
async fn known<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    entry: Option<&StepEntry>,
) -> Result<bool, PortError> {
    let Some(error) = entry.and_then(|entry| entry.error.as_ref()) else {
        return Ok(false);
    };
    let keys = [ERROR, REVIEW].map(|kind| key::operation(tenant, kind, &error.id));
    let items = read(ports, &keys).await?;
    let open = keys.iter().zip(items).any(|(key, item)| {
        let decode = |item: Item| Operation::decode(&key.partition, &item.body).ok();
        item.and_then(decode)
            .is_some_and(|operation| operation.handling().needs_someone())
    });
    Ok(open)
}

/// The entry as it names the record. A step without an entry spent its receives and came to
/// nothing: that is an attempt.
fn named(
    envelope: &Envelope,
    entry: Option<StepEntry>,
    record: &ErrorRecord,
    now: Timestamp,
) -> Option<StepEntry> {
    let error = Some(ErrorSummary {
        id: record.id.clone(),
        code: record.code.clone(),
        message: record.message.clone(),
    });
    if let Some(entry) = entry {
        return Some(StepEntry { error, ..entry });
    }
    let retried = Occurred::Retried {
        by: None,
        due: now,
        maybe: false,
    };
    let (state, progress) = transition(None, &retried).ok()?;
    let entry = StepEntry::of(envelope, state, progress, now);
    Some(StepEntry { error, ..entry })
}

async fn step_record<P: Ports>(
    ports: &P,
    queue: &QueueName,
    letter: &DeadLetter,
    envelope: &Envelope,
    entry: Option<&StepEntry>,
) -> Result<ErrorRecord, PortError> {
    let execution = &envelope.execution;
    let pack = ports.definitions().version(&envelope.manifest).await.ok();
    let workflow = pack.as_ref();
    let workflow = workflow.and_then(|pack| pack.workflows.get(&execution.workflow));
    let severity = workflow.map_or(Severity::P1, |workflow| workflow.severity);
    let tenant = Some(execution.home.tenant.clone());
    let record = record(ports, queue, letter, tenant);
    Ok(ErrorRecord {
        severity,
        handling: Handling::opened(record.first_at, severity),
        execution: Some(execution.clone()),
        step: Some(envelope.step.clone()),
        version: Some(envelope.manifest.to_string()),
        attempt: entry.map_or(1, |entry| entry.progress.attempt),
        ..record
    })
}

fn record<P: Ports>(
    ports: &P,
    queue: &QueueName,
    letter: &DeadLetter,
    tenant: Option<TenantName>,
) -> ErrorRecord {
    let now = ports.clock().now();
    ErrorRecord {
        id: undeliverable::id_of(&letter.id),
        code: DEAD_LETTERED.to_owned(),
        message: format!(
            "{queue} received a message {} times and came to nothing",
            letter.receives
        ),
        severity: Severity::P1,
        handling: Handling::opened(now, Severity::P1),
        function: queue.to_string(),
        execution: None,
        step: None,
        version: None,
        tenant: tenant.filter(|tenant| tenant.as_str() != alert::UNOWNED),
        attempt: letter.receives,
        first_at: now,
        last_at: now,
        count: 1,
        message_id: Some(letter.id.clone()),
        created: Some(letter.created),
        envelope: bounded(&letter.body),
    }
}

fn created(record: &ErrorRecord) -> Result<Write, PortError> {
    let operation = Operation::Error(record.clone());
    Ok(Write {
        key: operation.key(),
        expect: Expect::Absent,
        change: Change::Put(operation.encode().map_err(unfit)?),
    })
}

async fn commit<P: Ports>(ports: &P, writes: Vec<Write>) -> Result<Found, PortError> {
    match ports.journal().commit(writes).await {
        Ok(()) => Ok(Found::Recorded),
        // Something happened meanwhile: the next pass sees what.
        Err(CommitError::Conflict(_)) => Ok(Found::Undecided),
        Err(CommitError::Port(error)) => Err(error),
    }
}
