//! What a search explores: the terms of the step, the bounds, and a mistake made on purpose.

use std::time::Duration;

use holdfast_engine::contract::Terms;
use holdfast_engine::definition::model::{Refused, Unknown};
use holdfast_engine::retry::Ladder;
use holdfast_engine::step::Effect;

/// A mistake in the contract, to show that the search sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// An uncertain failure frees the `once` key.
    FreeOnUncertain,
    /// An uncertain failure goes to the fallback.
    FallBackOnUncertain,
    /// An expired claim on an effect that may have happened is taken over.
    TakeOverAlways,
    /// A commit does not look at the revision that its decision was based on.
    NoCondition,
    /// A stale copy of a failed step counts as a redrive.
    AcceptStale,
    /// A failure writes no error record.
    NoErrorRecord,
    /// A success leaves the step's error open.
    LeaveErrorOpen,
    /// A message of an old generation runs.
    RunOldGeneration,
    /// What follows is never sent again.
    NoReplay,
    /// A parked message is hidden for a while: it is neither sent later nor acknowledged.
    ParkByVisibility,
}

/// What a search explores.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is about.
    pub name: &'static str,
    /// The step's effect.
    pub effect: Effect,
    /// The policy for unknown outcomes.
    pub unknown: Unknown,
    /// Whether a fallback follows it.
    pub fallback: bool,
    /// Whether another execution asks for the same `once` key.
    pub once: bool,
    /// Attempts that may not succeed.
    pub failures: u8,
    /// Crashes of a worker between any two actions.
    pub crashes: u8,
    /// Messages that show again while they are worked on.
    pub duplicates: u8,
    /// Redrives of a dead letter.
    pub redrives: u8,
    /// Re-runs in a new generation.
    pub reruns: u8,
    /// Deliveries that are parked before any claim: a breaker, a rate, quiet hours.
    pub parks: u8,
    /// The last moment.
    pub horizon: u8,
    /// A mistake made on purpose.
    pub mutation: Option<Mutation>,
}

impl Scenario {
    /// A keyed step alone, with one failure, one crash and one redrive.
    #[must_use]
    pub fn keyed(name: &'static str) -> Self {
        Self {
            name,
            effect: Effect::Keyed,
            unknown: Unknown::Review,
            fallback: false,
            once: false,
            failures: 1,
            crashes: 1,
            duplicates: 0,
            redrives: 1,
            reruns: 0,
            parks: 0,
            horizon: 3,
            mutation: None,
        }
    }

    /// The same, with an effect that may happen once only.
    #[must_use]
    pub fn raw(name: &'static str) -> Self {
        Self {
            effect: Effect::AtMostOnce,
            ..Self::keyed(name)
        }
    }

    pub(super) fn has(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Whether an effect counts each time that it happens: else twice is like once.
    pub(super) fn counts_effects(&self) -> bool {
        self.effect == Effect::AtMostOnce && self.unknown != Unknown::Retry
    }

    /// The terms of a step: 0 is the primary, 1 its fallback, 2 another execution's step.
    pub(super) fn terms(&self, step: usize) -> Terms {
        Terms {
            effect: self.effect,
            once: self.once && step != 1,
            has_fallback: self.fallback && step == 0,
            unknown: self.unknown,
            refused: Refused::Fail,
            ladder: Ladder::new(vec![Duration::from_secs(1)]).unwrap_or_else(|_| Ladder::none()),
        }
    }
}
