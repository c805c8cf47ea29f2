//! What a breaker says to a delivery that is about to perform.

use jiff::Timestamp;

use super::step::after;
use super::{DRAIN_FOR, State};

/// What a breaker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Go on; nothing is written.
    Free,
    /// Take the probe or the slot by a conditional write, then go on.
    Take,
    /// The service or the workflow fails: wait until then at least.
    Open(Timestamp),
    /// It recovers: wait for a slot, from then on.
    Draining(Timestamp),
    /// A person stopped it, at this time.
    Stopped(Timestamp),
}

impl Gate {
    /// Whether the delivery must wait.
    #[must_use]
    pub fn holds_back(self) -> bool {
        !matches!(self, Self::Free | Self::Take)
    }
}

/// What a breaker in this state says.
#[must_use]
pub fn gate(state: &State, now: Timestamp) -> Gate {
    match state {
        State::Closed { .. } => Gate::Free,
        State::Stopped { at, .. } => Gate::Stopped(*at),
        State::Open { until, .. } if now < *until => Gate::Open(*until),
        State::Open { probe, .. } => match probe {
            Some(probe) if now < probe.lease => Gate::Open(probe.lease),
            _ => Gate::Take,
        },
        State::HalfOpen { since, next, .. } if now < *next && now < after(*since, DRAIN_FOR) => {
            Gate::Draining(*next)
        }
        State::HalfOpen { .. } => Gate::Take,
    }
}
