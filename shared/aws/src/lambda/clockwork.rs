//! What happens once a minute: timers fire, dead letters that nobody recorded are, and what holds
//! work back or keeps silent is told.

use holdfast_engine::alert::silences;
use holdfast_engine::breaker::not_closed;
use holdfast_engine::port::{Clock, Definitions, PortError, Ports};
use holdfast_engine::sweep::Sweep;

use super::metrics::gauges;
use crate::ports::AwsPorts;

/// Does all of it. Timers come first: nothing that fails after them holds them up.
pub(super) async fn tick(ports: &AwsPorts, function: &str) -> Result<(), PortError> {
    let fired = ports.timers.fire_due(ports.clock().now()).await?;
    let tenants = ports.definitions().tenants().await?;
    let recorded = Sweep::default().pass(ports).await?;
    let silent = silences(ports, &tenants).await?;
    for silence in &silent {
        tracing::error!("{silence}");
    }
    let mut held = 0;
    for tenant in &tenants {
        held += not_closed(ports, tenant).await.map_err(told)?.len();
    }
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let values = [
        ("TimersFired", count(fired)),
        ("DeadLettersRecorded", count(recorded)),
        ("AlertPathSilent", count(silent.len())),
        ("BreakersOpen", count(held)),
    ];
    gauges((&ports.config().stack, function), &values);
    Ok(())
}

fn told(error: impl std::fmt::Display) -> PortError {
    PortError::Unavailable(error.to_string())
}
