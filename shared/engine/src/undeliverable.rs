//! Messages that a function cannot handle: recorded before they are dead-lettered, so that none
//! goes unseen.

use std::time::Duration;

use crate::definition::model::Severity;
use crate::envelope::Envelope;
use crate::key;
use crate::name::TenantName;
use crate::operation::{ERROR, ErrorRecord, Handling, bounded};
use crate::port::{
    Clock, CommitError, Delivery, Expect, Item, Journal, Key, MessageId, PortError, Ports, Verdict,
    Write,
};

/// The shortest and the longest wait for something around a function that fails.
const MIN_DELAY: Duration = Duration::from_secs(5);
const MAX_DELAY: Duration = Duration::from_mins(15);

/// How often a record is written again because it had changed.
const MAX_LOOKS: u32 = 10;

/// Whose message it is, as far as it could be read.
#[derive(Debug, Clone, Copy)]
enum Whose<'a> {
    Unread,
    Of(&'a TenantName),
    Step(&'a Envelope),
}

impl<'a> Whose<'a> {
    fn tenant(self) -> Option<&'a TenantName> {
        match self {
            Self::Unread => None,
            Self::Of(tenant) => Some(tenant),
            Self::Step(envelope) => Some(&envelope.execution.home.tenant),
        }
    }
}

impl<'a> From<Option<&'a TenantName>> for Whose<'a> {
    fn from(tenant: Option<&'a TenantName>) -> Self {
        tenant.map_or(Self::Unread, Self::Of)
    }
}

/// Records a message that does not decode, and leaves it to the dead-letter queue.
pub async fn refuse<P: Ports>(ports: &P, delivery: &Delivery, reason: &str) -> Verdict {
    let message = format!("the message does not decode: {reason}");
    match record(ports, delivery, Whose::Unread, "Undecodable", &message).await {
        Ok(()) => Verdict::Fail,
        Err(error) => postpone(ports, delivery, None, error.code(), &error.to_string()).await,
    }
}

/// Records why a message is given up, and leaves it to the dead-letter queue.
pub async fn give_up<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    tenant: Option<&TenantName>,
    code: &str,
    message: &str,
) -> Verdict {
    tracing::error!(queue = %delivery.queue, message.id = %delivery.message_id.0, code, error = message, "a message is given up");
    match record(ports, delivery, tenant.into(), code, message).await {
        Ok(()) => Verdict::Fail,
        Err(error) => postponed(delivery, error.code(), &error.to_string()),
    }
}

/// Leaves a message for later because something around its function failed. On the last receive
/// the failure is recorded first.
pub async fn postpone<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    tenant: Option<&TenantName>,
    code: &str,
    message: &str,
) -> Verdict {
    put_off(ports, delivery, tenant.into(), code, message).await
}

/// Leaves a step's message for later because something around the step failed. On the last
/// receive the failure is recorded first, with the step that it is about: a sweep closes it once
/// that is settled.
pub async fn postpone_step<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    envelope: &Envelope,
    code: &str,
    message: &str,
) -> Verdict {
    put_off(ports, delivery, Whose::Step(envelope), code, message).await
}

async fn put_off<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    whose: Whose<'_>,
    code: &str,
    message: &str,
) -> Verdict {
    if delivery.last_receive
        && let Err(unrecorded) = record(ports, delivery, whose, code, message).await
    {
        tracing::error!(queue = %delivery.queue, error = %unrecorded, "the failure is not recorded");
    }
    postponed(delivery, code, message)
}

/// Leaves a message for later; the failure is recorded where it has to be.
#[must_use]
pub fn postponed(delivery: &Delivery, code: &str, message: &str) -> Verdict {
    tracing::warn!(queue = %delivery.queue, message.id = %delivery.message_id.0, code, error = message, "the delivery is postponed");
    let exponent = delivery.receive_count.saturating_sub(1).min(16);
    Verdict::RetryAfter(
        MIN_DELAY
            .saturating_mul(2_u32.saturating_pow(exponent))
            .min(MAX_DELAY),
    )
}

/// Writes the error record of a message as it was delivered: new, or once more and open.
async fn record<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    whose: Whose<'_>,
    code: &str,
    message: &str,
) -> Result<(), PortError> {
    let failure = error_record(ports, delivery, whose, code, message);
    let key = match whose.tenant() {
        Some(tenant) => key::operation(tenant, ERROR, &failure.id),
        None => key::unowned_error(&failure.id),
    };
    let mut found: Option<Item> = None;
    for _ in 0..MAX_LOOKS {
        let write = write(&key, found.as_ref(), &failure)?;
        match ports.journal().commit(vec![write]).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Port(error)) => return Err(error),
            Err(CommitError::Conflict(conflicts)) => {
                found = conflicts
                    .into_iter()
                    .next()
                    .and_then(|conflict| conflict.found);
            }
        }
    }
    Err(PortError::Throttled)
}

fn write(key: &Key, found: Option<&Item>, failure: &ErrorRecord) -> Result<Write, PortError> {
    let earlier = found.and_then(|item| serde_json::from_str::<ErrorRecord>(&item.body).ok());
    let failure = earlier.map_or_else(
        || failure.clone(),
        |earlier| failure.clone().again(&earlier),
    );
    Write::put(key.clone(), Expect::unchanged(found), &failure)
}

/// The identity of what is recorded about a message, whatever happened to it.
#[must_use]
pub fn id_of(message: &MessageId) -> String {
    ErrorRecord::id_of(&message.0, "undeliverable")
}

fn error_record<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    whose: Whose<'_>,
    code: &str,
    message: &str,
) -> ErrorRecord {
    let envelope = match whose {
        Whose::Step(envelope) => Some(envelope),
        Whose::Unread | Whose::Of(_) => None,
    };
    let now = ports.clock().now();
    ErrorRecord {
        id: id_of(&delivery.message_id),
        code: code.to_owned(),
        message: message.to_owned(),
        severity: Severity::P1,
        handling: Handling::opened(now, Severity::P1),
        function: delivery.queue.to_string(),
        execution: envelope.map(|envelope| envelope.execution.clone()),
        step: envelope.map(|envelope| envelope.step.clone()),
        version: envelope.map(|envelope| envelope.manifest.to_string()),
        tenant: whose.tenant().cloned(),
        attempt: delivery.receive_count,
        first_at: now,
        last_at: now,
        count: 1,
        message_id: Some(delivery.message_id.clone()),
        created: Some(delivery.created),
        envelope: bounded(&delivery.body),
    }
}
