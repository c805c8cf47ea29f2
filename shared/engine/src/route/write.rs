//! What is written about an event: its decisions, or the question that it leaves to a person.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::entry::{Decision, EventEntry, Outcome};
use super::resolve::Trouble;
use crate::definition::model::{Pack, Severity};
use crate::event::{EventMessage, Origin};
use crate::key;
use crate::operation::{ERROR, ErrorRecord, Handling, REVIEW, ReviewItem, ReviewKind, bounded};
use crate::port::{Conflict, Delivery, Expect, Item, Key, PortError, Write};

/// The key of an event's entry.
pub(super) fn entry_key(message: &EventMessage) -> Key {
    match &message.origin {
        Origin::Source { .. } => key::source_event(&message.tenant, &message.event.id),
        Origin::Record { record: home, .. } | Origin::Batch { home, .. } => {
            key::home_event(home, &message.event.id)
        }
    }
}

/// The writes of an event's decisions: its entry first, the line in its home where it started
/// nothing, and an error record for each chain that was stopped.
pub(super) fn writes(
    key: &Key,
    message: &EventMessage,
    delivery: &Delivery,
    entry: &EventEntry,
    packs: &[Arc<Pack>],
) -> Result<Vec<Write>, PortError> {
    let mut writes = vec![put(key.clone(), entry)?];
    if matches!(message.origin, Origin::Source { .. }) && !entry.started() {
        writes.push(put(key::home_event(&entry.home, &message.event.id), entry)?);
    }
    for decision in &entry.decisions {
        if let Outcome::Stopped { reason } = &decision.outcome {
            let error = loop_stopped(message, delivery, decision, reason, packs, entry.decided_at);
            writes.push(put(
                key::operation(&message.tenant, ERROR, &error.id),
                &error,
            )?);
        }
    }
    Ok(writes)
}

/// Drops the writes of what an earlier delivery wrote already.
pub(super) fn drop_known(writes: &mut Vec<Write>, conflicts: &[Conflict]) {
    let known = |index| conflicts.iter().any(|conflict| conflict.index == index);
    let mut index = 0;
    writes.retain(|_| {
        index += 1;
        !known(index - 1)
    });
}

/// The write of the review item of an event that cannot be routed without a person, on what was
/// found there; `None`: there is nothing to ask.
pub(super) fn question(
    message: &EventMessage,
    delivery: &Delivery,
    trouble: &Trouble,
    found: Option<&Item>,
    now: Timestamp,
) -> Result<Option<Write>, PortError> {
    if !is_new(message, found) {
        return Ok(None);
    }
    let Some((kind, report)) = asked(trouble) else {
        return Ok(None);
    };
    let id = ErrorRecord::id_of(message.event.id.as_str(), "route-event");
    let item = ReviewItem {
        id: id.clone(),
        kind,
        title: format!("event {}: {trouble}", message.event.id),
        severity: Severity::P2,
        handling: Handling::opened(now, Severity::P2),
        tenant: message.tenant.clone(),
        at: now,
        function: delivery.queue.to_string(),
        execution: None,
        step: None,
        report,
        subject: bounded(&delivery.body),
    };
    let write = put(key::operation(&message.tenant, REVIEW, &id), &item)?;
    let expect = Expect::unchanged(found);
    Ok(Some(Write { expect, ..write }))
}

/// What a person is asked, and what they need to answer.
fn asked(trouble: &Trouble) -> Option<(ReviewKind, Json)> {
    Some(match trouble {
        Trouble::Ambiguous {
            name,
            record_type,
            candidates,
        } => (
            ReviewKind::AmbiguousRecord,
            serde_json::json!({ "as": name, "type": record_type, "candidates": candidates }),
        ),
        Trouble::Invalid {
            violations,
            invariant,
            ..
        } => (
            ReviewKind::InvalidInput,
            serde_json::json!({ "fields": violations, "invariant": invariant }),
        ),
        _ => return None,
    })
}

/// Whether a question was not asked before, or is what a person's decision about it led to: a
/// repeated delivery of what they decided on asks nothing.
fn is_new(message: &EventMessage, found: Option<&Item>) -> bool {
    let Some(found) = found else {
        return true;
    };
    let asked: Option<ReviewItem> = serde_json::from_str(&found.body).ok();
    let decided = asked.and_then(|item| Some(item.handling.decision?.mark.at));
    let again = message.resubmitted.as_ref().map(|again| again.at);
    again.is_some() && again == decided
}

fn loop_stopped(
    message: &EventMessage,
    delivery: &Delivery,
    decision: &Decision,
    reason: &str,
    packs: &[Arc<Pack>],
    now: Timestamp,
) -> ErrorRecord {
    let workflow = packs
        .iter()
        .find_map(|pack| pack.workflows.get(&decision.workflow));
    let severity = workflow.map_or(Severity::P1, |workflow| workflow.severity);
    ErrorRecord {
        id: ErrorRecord::id_of(
            &format!("{}:{}", message.event.id, decision.workflow),
            "LoopStopped",
        ),
        code: "LoopStopped".to_owned(),
        message: format!("workflow `{}` was not started: {reason}", decision.workflow),
        severity,
        handling: Handling::opened(now, severity),
        function: delivery.queue.to_string(),
        execution: None,
        step: None,
        version: Some(decision.manifest.to_string()),
        tenant: Some(message.tenant.clone()),
        attempt: 1,
        first_at: now,
        last_at: now,
        count: 1,
        message_id: Some(delivery.message_id.clone()),
        created: Some(delivery.created),
        envelope: bounded(&delivery.body),
    }
}

fn put(key: Key, body: &impl serde::Serialize) -> Result<Write, PortError> {
    Write::put(key, Expect::Absent, body)
}

/// Reads an event's entry.
pub(super) fn decode(item: &Item) -> Result<EventEntry, PortError> {
    serde_json::from_str(&item.body).map_err(|error| {
        PortError::Unavailable(format!("an event's entry does not decode: {error}"))
    })
}
