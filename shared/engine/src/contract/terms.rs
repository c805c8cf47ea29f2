//! The terms of one step: what its effect, its definition and its connection allow.

use crate::definition::model::{Connection, Refused, StepDefinition, Unknown};
use crate::retry::Ladder;
use crate::step::Effect;

/// What the contract needs to know of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Whether repeating the effect is harmless, for this input and connection.
    pub effect: Effect,
    /// Whether the effect happens once under a key.
    pub once: bool,
    /// Whether another alternative follows.
    pub has_fallback: bool,
    /// What to do when the effect may have happened.
    pub unknown: Unknown,
    /// What to do when a transition or guard is refused.
    pub refused: Refused,
    /// When to try again.
    pub ladder: Ladder,
}

impl Terms {
    /// The terms of a step. `has_fallback`: whether an alternative follows this one.
    #[must_use]
    pub fn of(
        definition: &StepDefinition,
        connection: Option<&Connection>,
        effect: Effect,
        has_fallback: bool,
    ) -> Self {
        let ladder = definition
            .retry
            .clone()
            .or_else(|| connection.and_then(|c| c.retry.clone()));
        Self {
            effect,
            once: definition.once.is_some(),
            has_fallback,
            unknown: definition.unknown,
            refused: definition.refused,
            ladder: ladder.unwrap_or_else(Ladder::standard),
        }
    }

    /// Whether an attempt takes the claim first: where a second effect would be wrong, or where
    /// others act on whether this one failed.
    #[must_use]
    pub fn claims(&self) -> bool {
        self.effect == Effect::AtMostOnce || self.once || self.has_fallback
    }

    /// Whether a failure may only be called one when no attempt can have taken effect.
    #[must_use]
    pub fn needs_certainty(&self) -> bool {
        self.claims()
    }
}
