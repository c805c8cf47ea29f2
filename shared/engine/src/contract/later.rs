//! The one way to wait that is not a failure: a delayed copy, or a timer; then acknowledge.

use jiff::Timestamp;
use std::time::Duration;

use crate::hash;
use crate::port::{Clock, Delivery, MAX_DELAY, Outgoing, PortError, Ports, Queue, Timer, Timers};

/// The shortest wait: a copy that is due at once would spin.
const MIN_DELAY: Duration = Duration::from_millis(100);

/// What a store tells two stamps apart by.
const TICK: Duration = Duration::from_millis(1);

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
        created: later_stamp(delivery.created, now),
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

/// A copy has a stamp of its own, however soon it is sent: else the failure of one would make the
/// other look like its redrive.
fn later_stamp(original: Timestamp, now: Timestamp) -> Timestamp {
    original
        .saturating_add(TICK)
        .map_or(now, |next| next.max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_told_from_its_original_by_its_stamp() {
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        assert_eq!(later_stamp(at(5), at(5)), at(6));
        assert_eq!(later_stamp(at(5), at(9)), at(9));
        assert_eq!(later_stamp(at(5), at(5) + TICK / 2), at(6));
    }
}
