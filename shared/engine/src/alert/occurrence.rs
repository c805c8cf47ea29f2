//! An operation that needs someone: counted in its incident, and marked, in one transaction.

use jiff::Timestamp;

use super::incidents::{MAX_LOOKS, Seen};
use super::{
    CANARY, Event, Incident, Incidents, Kind, Subject, Timed, Trouble, decide, fingerprint, is_own,
};
use crate::definition::model::Severity;
use crate::hash;
use crate::operation::Operation;
use crate::port::{Alert, Alerts, Clock, Occasion, Ports};

/// What becomes of the message that told of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It is done.
    Done,
    /// It may still mend itself until then.
    Quiet(Timestamp),
}

/// Counts an operation, as it is now, once for each time that it began to need someone.
///
/// # Errors
/// [`Trouble`]; nothing was counted then.
pub async fn seen<P: Ports>(ports: &P, image: &Operation) -> Result<Course, Trouble> {
    let incidents = Incidents(ports);
    let fingerprint = fingerprint(image);
    for _ in 0..MAX_LOOKS {
        let (operation, incident) = incidents
            .both(image.key(), &fingerprint, image.tenant())
            .await?;
        let now = ports.clock().now();
        let Some(current) = operation.value.as_ref().filter(|one| is_due(one)) else {
            return Ok(Course::Done);
        };
        if let Some(until) = current.handling().quiet_until.filter(|until| now < *until) {
            return Ok(Course::Quiet(until));
        }
        let mut writes = vec![operation.put(&marked(current, now))?];
        if calls(current) {
            let after = occurred(&incident, current, &fingerprint, now);
            writes.push(incidents.decided(&incident, after.as_ref()).await?);
        }
        if incidents.commit(writes).await? {
            log(current);
            return Ok(Course::Done);
        }
    }
    Err(Trouble::Contended)
}

/// Whether it needs someone, and the error route has not had it yet.
fn is_due(operation: &Operation) -> bool {
    let handling = operation.handling();
    handling.needs_someone() && handling.alerted_at.is_none()
}

/// Whether anyone is called: a P3 is only logged, and so is what happens to the error route.
fn calls(operation: &Operation) -> bool {
    operation.severity() != Severity::P3 && !is_own(operation)
}

fn marked(operation: &Operation, now: Timestamp) -> Operation {
    let mut marked = operation.clone();
    marked.handling_mut().alerted_at = Some(now);
    marked
}

fn occurred(
    incident: &Seen<Incident>,
    operation: &Operation,
    fingerprint: &str,
    at: Timestamp,
) -> Option<Incident> {
    let event = Event::Occurred {
        at,
        kind: if operation.code() == CANARY {
            Kind::Canary
        } else {
            Kind::Failures
        },
        tenant: operation.tenant(),
        fingerprint,
        severity: operation.severity(),
        subject: &Subject::of(operation),
    };
    decide(incident.value.as_ref(), &event)
}

/// One line for each operation; the whole of it is in the store.
fn log(operation: &Operation) {
    let Subject {
        code, title, show, ..
    } = Subject::of(operation);
    let tenant = operation.tenant().map_or("-", |tenant| tenant.as_str());
    if is_own(operation) || operation.severity() == Severity::P1 {
        tracing::error!(code, tenant, show, "{title}");
    } else {
        tracing::warn!(code, tenant, show, "{title}");
    }
}

/// Goes on with an operation that was counted: publishes what that made its incident say, and
/// arms its deadline.
///
/// # Errors
/// [`Trouble`]; the same again is harmless.
pub async fn counted<P: Ports>(ports: &P, operation: &Operation) -> Result<(), Trouble> {
    if !calls(operation) {
        return Ok(());
    }
    if operation.handling().needs_someone() {
        Timed::review(operation).arm(ports).await?;
    }
    let (tenant, fingerprint) = (operation.tenant(), fingerprint(operation));
    Incidents(ports)
        .publish(tenant, &fingerprint, operation.id())
        .await
}

/// Says that what people were called for is over.
///
/// # Errors
/// [`Trouble`] when it may not have been published; the same again is one alert.
pub async fn resolved<P: Ports>(ports: &P, operation: &Operation) -> Result<(), Trouble> {
    if !calls(operation) {
        return Ok(());
    }
    let handling = operation.handling();
    let (subject, fingerprint) = (Subject::of(operation), fingerprint(operation));
    let opened_at = handling.opened_at.to_string();
    let identity = [fingerprint.as_str(), &opened_at, "resolved"];
    let alert = Alert {
        id: hash::base32(&identity.map(str::as_bytes)),
        occasion: Occasion::Resolved,
        severity: operation.severity(),
        tenant: operation.tenant().cloned(),
        pack: subject.pack,
        fingerprint,
        title: subject.title,
        code: subject.code,
        reference: subject.reference,
        operation: subject.id,
        first_at: handling.opened_at,
        last_at: handling.closed_at.unwrap_or(handling.opened_at),
        count: 1,
        tier: 0,
        show: subject.show,
        repair: subject.repair,
    };
    Ok(ports.alerts().publish(&alert).await?)
}
