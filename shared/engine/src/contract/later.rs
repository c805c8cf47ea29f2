//! The one way to wait that is not a failure: a delayed copy, or a timer; then acknowledge.

use jiff::Timestamp;
use std::time::Duration;

use crate::hash;
use crate::port::{Clock, Delivery, MAX_DELAY, Outgoing, PortError, Ports, Queue, Timer, Timers};

/// The shortest wait: a copy that is due at once would spin.
const MIN_DELAY: Duration = Duration::from_millis(100);

/// Sends a copy of a delivered message at a time. Parking spends no receives.
///
/// # Errors
/// [`PortError`]; the delivery is then not acknowledged.
pub async fn send_later<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    tenant: &crate::name::TenantName,
    due: Timestamp,
) -> Result<(), PortError> {
    let now = ports.clock().now();
    let delay = Duration::try_from(due.duration_since(now))
        .unwrap_or_default()
        .max(MIN_DELAY);
    let message = Outgoing {
        queue: delivery.queue.clone(),
        body: delivery.body.clone(),
        delay: delay.min(MAX_DELAY),
        tenant: tenant.clone(),
        created: now,
    };
    if delay <= MAX_DELAY {
        return ports.queue().send(vec![message]).await;
    }
    let id = hash::base32(&[message.queue.as_str().as_bytes(), message.body.as_bytes()]);
    let message = Outgoing {
        delay: Duration::ZERO,
        ..message
    };
    ports.timers().arm(Timer { due, id, message }).await
}
