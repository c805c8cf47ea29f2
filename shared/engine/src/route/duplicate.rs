//! Probable duplicates of a record that an event created: a person is asked, and the event goes
//! on. Nothing is merged.

use serde_json::{Map, Value as Json, json};

use super::count;
use super::resolve::Trouble;
use crate::definition::model::{Pack, RecordDefinition, Severity, Source};
use crate::duplicate::{Duplicates, Likeness, compare};
use crate::event::EventMessage;
use crate::id::RecordRef;
use crate::key;
use crate::name::RecordId;
use crate::operation::{ErrorRecord, Handling, REVIEW, ReviewItem, ReviewKind, bounded};
use crate::port::{Clock, Expect, Item, Journal, PortError, Ports, QueueName, Secrets, Write};
use crate::record::{Record, alike};

/// The most records that a review item names.
const MAX_NAMED: usize = 5;

/// The most records that are compared with a new one.
const MAX_COMPARED: usize = 100;

/// A record that may be the same as the new one.
struct Suspect {
    record: Record,
    likeness: Likeness,
}

/// Asks a person about the probable duplicates of a record, where this event created it. That is
/// read after it was created, so that of two that come at once one at least sees the other, and a
/// redelivery after a crash in between asks all the same.
pub(super) async fn ask_about_duplicates<P: Ports>(
    ports: &P,
    pack: &Pack,
    source: &Source,
    definition: &RecordDefinition,
    reference: &RecordRef,
    message: &EventMessage,
) -> Result<(), Trouble> {
    let Some(duplicates) = &definition.duplicates else {
        return Ok(());
    };
    let Some(record) = created(ports.journal(), reference, message).await? else {
        return Ok(());
    };
    let suspects = suspects(ports, definition, duplicates, &record, message).await?;
    if suspects.is_empty() {
        return Ok(());
    }
    let item = question(ports, pack, &record, &suspects, message);
    let write = Write::put(
        key::operation(&message.tenant, REVIEW, &item.id),
        Expect::Absent,
        &item,
    )?;
    match ports.journal().commit(vec![write]).await {
        Ok(()) => count::duplicate(ports, source, definition, message),
        Err(error) => error.unless_written()?,
    }
    Ok(())
}

/// The record, where this event created it and it is still there.
async fn created<J: Journal>(
    journal: &J,
    reference: &RecordRef,
    message: &EventMessage,
) -> Result<Option<Record>, PortError> {
    let line = key::creation(reference, &message.event.id);
    let mut found = journal.read(&[key::record(reference), line]).await?;
    let (line, record) = (found.pop().flatten(), found.pop().flatten());
    let record = record.filter(|_| line.is_some());
    let record = record.map(|item| decode(&item)).transpose()?;
    Ok(record.filter(|record| !record.deleted))
}

/// The records that are like this one, likest first.
async fn suspects<P: Ports>(
    ports: &P,
    definition: &RecordDefinition,
    duplicates: &Duplicates,
    record: &Record,
    message: &EventMessage,
) -> Result<Vec<Suspect>, PortError> {
    let (journal, tenant) = (ports.journal(), &message.tenant);
    let identity_key = ports.secrets().identity_key();
    let found = alike(journal, identity_key, tenant, definition, record).await?;
    let key = |id: RecordId| {
        key::record(&RecordRef {
            tenant: tenant.clone(),
            record_type: definition.name.clone(),
            record: id,
        })
    };
    let keys: Vec<_> = found.into_iter().take(MAX_COMPARED).map(key).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut suspects = Vec::new();
    for item in journal.read(&keys).await?.into_iter().flatten() {
        let other = decode(&item)?;
        let likeness = compare(duplicates, &record.fields, &other.fields);
        if likeness.score >= duplicates.above && !other.deleted {
            let record = other;
            suspects.push(Suspect { record, likeness });
        }
    }
    suspects.sort_by(|one, other| other.likeness.score.total_cmp(&one.likeness.score));
    Ok(suspects)
}

fn decode(item: &Item) -> Result<Record, PortError> {
    serde_json::from_str(&item.body).map_err(|error| PortError::Unavailable(error.to_string()))
}

/// What a person is asked: the same for every delivery of the event.
fn question<P: Ports>(
    ports: &P,
    pack: &Pack,
    record: &Record,
    suspects: &[Suspect],
    message: &EventMessage,
) -> ReviewItem {
    let reference = record.reference(&message.tenant);
    let kind = ReviewKind::ProbableDuplicate;
    let now = ports.clock().now();
    let named: Vec<_> = suspects.iter().take(MAX_NAMED).collect();
    let matches = named.iter().map(|suspect| {
        json!({
            "record": suspect.record.id,
            "score": suspect.likeness.score,
            "why": suspect.likeness.fields,
        })
    });
    ReviewItem {
        id: ErrorRecord::id_of(&reference.to_string(), kind.name()),
        kind,
        title: title(record, suspects),
        severity: Severity::P3,
        handling: Handling::opened(now, Severity::P3),
        tenant: message.tenant.clone(),
        at: now,
        function: QueueName::events().to_string(),
        execution: None,
        step: None,
        report: json!({
            "event": message.event.id,
            "version": pack.manifest.to_string(),
            "type": record.record_type,
            "record": record.id,
            "candidates": named.iter().map(|suspect| &suspect.record.id).collect::<Vec<_>>(),
            "matches": matches.collect::<Vec<_>>(),
        }),
        subject: bounded(&subject(record, &named)),
    }
}

fn title(record: &Record, suspects: &[Suspect]) -> String {
    let (record_type, id) = (&record.record_type, &record.id);
    match suspects {
        [one] => format!(
            "the new {record_type} {id} may be {} (score {:.2})",
            one.record.id, one.likeness.score
        ),
        several => format!(
            "the new {record_type} {id} may be one of {} others",
            several.len()
        ),
    }
}

/// The values that are compared: shown to whoever may see personal values.
fn subject(record: &Record, named: &[&Suspect]) -> String {
    let found: Map<String, Json> = named
        .iter()
        .map(|suspect| (suspect.record.id.to_string(), json!(suspect.record.fields)))
        .collect();
    json!({ "new": record.fields, "found": found }).to_string()
}
