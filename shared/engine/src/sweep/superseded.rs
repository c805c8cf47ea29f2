//! Error records that a step has left behind: what they say has been settled since.

use crate::contract::Gathered;
use crate::entry::{State, StepEntry};
use crate::envelope::Envelope;
use crate::id::StepKey;
use crate::key;
use crate::operation::{ErrorRecord, Operation, Stored};
use crate::port::{
    Change, Clock, CommitError, Expect, Journal, OperationList, PortError, Ports, Which, Write,
};
use crate::undeliverable;

use super::unfit;

/// Looks at open operations after `after`, at most `limit`, and closes those whose step is
/// settled. Returns where to go on; `None`: from the start.
pub(super) async fn close<P: Ports>(
    ports: &P,
    after: Option<&str>,
    limit: usize,
) -> Result<Option<String>, PortError> {
    let page = ports.operations().list(Which::Open, after, limit).await?;
    for stored in &page.found {
        let Operation::Error(record) = &stored.operation else {
            continue;
        };
        let Ok(envelope) = serde_json::from_str::<Envelope>(&record.envelope) else {
            continue;
        };
        if is_superseded(ports, record, &envelope).await? {
            close_one(ports, stored).await?;
        }
    }
    Ok(page.next)
}

/// Whether nobody has to do anything about it any more: its step succeeded or was left out; or it is only about
/// a message, and what its step came to is told elsewhere.
async fn is_superseded<P: Ports>(
    ports: &P,
    record: &ErrorRecord,
    envelope: &Envelope,
) -> Result<bool, PortError> {
    let (execution, generation) = (&envelope.execution, envelope.generation);
    let keys = [key::step(execution, generation, &envelope.step)];
    let item = ports.journal().read(&keys).await?.into_iter().flatten();
    let entry = item.last();
    let entry = entry.and_then(|item| serde_json::from_str::<StepEntry>(&item.body).ok());
    let Some(entry) = entry else {
        return Ok(false);
    };
    let of_message = record.message_id.as_ref().map(undeliverable::id_of);
    let of_message = of_message.as_ref() == Some(&record.id);
    let settled = matches!(entry.state, State::Succeeded | State::Skipped);
    let told = settled || (of_message && entry.state.is_final());
    Ok(told && follows(ports, envelope, &entry).await?)
}

/// Whether everything that an entry sent has arrived: a lost message may be the one that would
/// have sent it again.
pub(super) async fn follows<P: Ports>(
    ports: &P,
    envelope: &Envelope,
    entry: &StepEntry,
) -> Result<bool, PortError> {
    let settled = matches!(entry.state, State::Succeeded | State::Skipped);
    if envelope.step.element.is_some() && settled {
        return whole_follows(ports, envelope, entry).await;
    }
    let elements = entry.each.iter().filter(|_| entry.state == State::Waiting);
    let elements = elements.flat_map(|each| each.keys(&envelope.step));
    let steps = entry.dispatch.iter().flat_map(|dispatch| &dispatch.steps);
    let steps = steps.cloned().chain(elements);
    let keys = steps.map(|step| key::step(&envelope.execution, envelope.generation, &step));
    let keys: Vec<_> = keys.collect();
    if keys.is_empty() {
        return Ok(true);
    }
    let items = ports.journal().read(&keys).await?;
    Ok(items.iter().all(Option::is_some))
}

/// The same for an element that is done: another one will settle its step, or what follows that has
/// arrived.
async fn whole_follows<P: Ports>(
    ports: &P,
    envelope: &Envelope,
    entry: &StepEntry,
) -> Result<bool, PortError> {
    let whole = StepKey::primary(&envelope.step.step);
    let (own, context) = (envelope.step.element, &envelope.context.element);
    let (Some(own), Some(context)) = (own, context) else {
        return Ok(true);
    };
    let mut gathered = Gathered::new(&whole, context.of);
    gathered.knows(own, entry);
    if !gathered.all_done(ports.journal(), envelope).await? {
        return Ok(true);
    }
    let keys = [key::step(&envelope.execution, envelope.generation, &whole)];
    let item = ports.journal().read(&keys).await?.into_iter().flatten();
    let entry = item.last();
    let entry = entry.and_then(|item| serde_json::from_str::<StepEntry>(&item.body).ok());
    match entry {
        Some(entry) if entry.state == State::Succeeded => {
            let whole = Envelope {
                step: whole,
                ..envelope.clone()
            };
            Box::pin(follows(ports, &whole, &entry)).await
        }
        _ => Ok(false),
    }
}

/// Closes it, unless something happens to it meanwhile: the next pass sees what.
async fn close_one<P: Ports>(ports: &P, stored: &Stored) -> Result<(), PortError> {
    let mut operation = stored.operation.clone();
    let handling = operation.handling_mut();
    *handling = handling.clone().closed(ports.clock().now());
    let write = Write {
        key: operation.key(),
        expect: Expect::unchanged(Some(&stored.item)),
        change: Change::Put(operation.encode().map_err(unfit)?),
    };
    match ports.journal().commit(vec![write]).await {
        Ok(()) => {
            tracing::info!(error.id = operation.id(), "superseded");
            Ok(())
        }
        Err(CommitError::Conflict(_)) => Ok(()),
        Err(CommitError::Port(error)) => Err(error),
    }
}
