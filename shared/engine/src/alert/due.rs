//! What is due of an incident, and of an operation that nobody decided about.

use jiff::Timestamp;

use super::destination::phones;
use super::incidents::{MAX_LOOKS, seen_operation};
use super::{
    AlertDue, Event, Incident, Incidents, Kind, ReviewDue, Subject, Timed, Trouble, decide,
    fingerprint,
};
use crate::hash;
use crate::key;
use crate::operation::{Mark, Operation};
use crate::port::{Clock, Key, Ports, Table};

/// Does what is due of an incident: says what it has to say, and looks further until nothing is.
///
/// # Errors
/// [`Trouble`]; the same again goes on.
pub async fn alert_due<P: Ports>(ports: &P, due: &AlertDue) -> Result<(), Trouble> {
    let incidents = Incidents(ports);
    for _ in 0..MAX_LOOKS {
        let key = key::alert(due.tenant.as_ref(), &due.fingerprint);
        let seen = incidents.see(key).await?;
        let same = |open: &&Incident| open.started_at == due.started_at;
        let Some(open) = seen.value.as_ref().filter(same) else {
            return Ok(());
        };
        if open.unpublished.is_some() {
            incidents.publish_seen(seen).await?;
            continue;
        }
        // Whoever fired the timer may be ahead of this clock.
        let now = ports.clock().now().max(due.at);
        if open.next_due() > now {
            return Ok(Timed::incident(open).arm(ports).await?);
        }
        let after = next(ports, open, now).await?;
        let write = incidents.decided(&seen, after.as_ref()).await?;
        incidents.commit(vec![write]).await?;
    }
    Err(Trouble::Contended)
}

async fn next<P: Ports>(
    ports: &P,
    open: &Incident,
    at: Timestamp,
) -> Result<Option<Incident>, Trouble> {
    let attended = match attention(ports, open).await? {
        Attention::None => Some(open.clone()),
        Attention::Known(by) => decide(Some(open), &Event::Acknowledged(&by)),
        Attention::Settled => decide(Some(open), &Event::Settled),
    };
    let open = attended.unwrap_or_else(|| open.clone());
    let event = match open.escalates_at {
        Some(due) if due <= at => Event::EscalationDue {
            at,
            phones: phones(ports, open.tenant.as_ref(), open.subject.pack.as_deref()).await?,
        },
        _ => Event::WindowDue(at),
    };
    Ok(decide(Some(&open), &event))
}

/// What people did about the operations of an incident.
enum Attention {
    None,
    Known(Mark),
    Settled,
}

/// It matters only where somebody has to answer.
async fn attention<P: Ports>(ports: &P, open: &Incident) -> Result<Attention, Trouble> {
    if !open.is_unanswered() {
        return Ok(Attention::None);
    }
    let key = |partition: &String| operation_key(partition.clone());
    let keys: Vec<Key> = open.operations.iter().map(key).collect();
    let found = Incidents(ports).read(&keys).await?;
    let mut settled = true;
    for (key, item) in keys.into_iter().zip(found) {
        let Some(operation) = seen_operation(key, item)?.value else {
            continue;
        };
        let handling = operation.handling();
        if let Some(by) = handling.claimed.as_ref().or(handling.acknowledged.as_ref()) {
            return Ok(Attention::Known(by.clone()));
        }
        settled = settled && !handling.needs_someone();
    }
    Ok(if settled {
        Attention::Settled
    } else {
        Attention::None
    })
}

fn operation_key(partition: String) -> Key {
    Key {
        table: Table::Operations,
        partition,
        sort: String::new(),
    }
}

/// Says once that nobody decided in time, unless somebody did.
///
/// # Errors
/// [`Trouble`]; the same again is harmless.
pub async fn review_due<P: Ports>(ports: &P, due: &ReviewDue) -> Result<(), Trouble> {
    let incidents = Incidents(ports);
    for _ in 0..MAX_LOOKS {
        let key = operation_key(due.partition.clone());
        let found = incidents.read(std::slice::from_ref(&key)).await?;
        let operation = seen_operation(key, found.into_iter().next().flatten())?;
        let same = |one: &&Operation| {
            one.handling().needs_someone() && one.handling().opened_at == due.opened_at
        };
        let Some(current) = operation.value.as_ref().filter(same) else {
            return Ok(());
        };
        let fingerprint = overdue(current);
        if current.handling().overdue_at.is_some() {
            let id = current.id();
            return incidents.publish(current.tenant(), &fingerprint, id).await;
        }
        let (_, incident) = incidents
            .both(operation.key.clone(), &fingerprint, current.tenant())
            .await?;
        let now = ports.clock().now();
        let mut marked = current.clone();
        marked.handling_mut().overdue_at = Some(now);
        let after = decide(
            incident.value.as_ref(),
            &late(current, &fingerprint, now, &subject(current)),
        );
        let write = incidents.decided(&incident, after.as_ref()).await?;
        incidents
            .commit(vec![operation.put(&marked)?, write])
            .await?;
    }
    Err(Trouble::Contended)
}

/// What is overdue alike is an incident of its own.
pub(super) fn overdue(operation: &Operation) -> String {
    hash::base32(&[fingerprint(operation).as_bytes(), b"overdue"])
}

fn subject(operation: &Operation) -> Subject {
    let subject = Subject::of(operation);
    Subject {
        title: format!("nobody has decided in time: {}", subject.title),
        ..subject
    }
}

fn late<'a>(
    operation: &'a Operation,
    fingerprint: &'a str,
    at: Timestamp,
    subject: &'a Subject,
) -> Event<'a> {
    Event::Occurred {
        at,
        kind: Kind::Overdue,
        tenant: operation.tenant(),
        fingerprint,
        severity: operation.severity(),
        subject,
    }
}
