//! Waiting for a system without waiting for its time.

use std::time::Duration;

use holdfast_embedded::system::System;
use holdfast_engine::port::{PortError, Ports as _};

use super::SkippingClock;

/// How often it is looked whether messages only wait, and how much of that is skipped at once.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const SKIP: Duration = Duration::from_secs(1);

/// Waits until nothing is under way and all of that is written; time in which messages would only
/// wait is skipped.
///
/// # Errors
/// [`PortError`] when the store fails.
pub async fn until_quiet(
    system: &System<SkippingClock>,
    clock: &SkippingClock,
) -> Result<(), PortError> {
    let queue = system.ports().queue();
    loop {
        tokio::select! {
            () = queue.until_quiet() => return queue.flush().await,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let depths = queue.depths();
        if depths
            .iter()
            .all(|depth| depth.visible + depth.in_flight == 0)
        {
            clock.skip(SKIP);
        }
    }
}
