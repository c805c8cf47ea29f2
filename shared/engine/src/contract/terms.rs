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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::definition::model::ConnectionKind;
    use crate::name::ConnectionName;
    use crate::step::Sample;

    const EVENT: &str = include_str!("../../../../events/call-http.json");

    fn connection(retry: Option<Ladder>) -> Connection {
        let name = ConnectionName::new("insurer").unwrap();
        Connection {
            retry,
            ..Connection::new(name, ConnectionKind::Http)
        }
    }

    fn ladder(seconds: u64) -> Option<Ladder> {
        Ladder::new(vec![Duration::from_secs(seconds)]).ok()
    }

    /// The first delay of a step with this ladder through a connection with that one.
    fn first_delay(step: Option<Ladder>, connected: Option<&Ladder>) -> Option<u64> {
        let connection = || connection(connected.cloned());
        let mut sample = Sample::read(EVENT, "call-http", connection()).unwrap();
        sample.definition.retry = step;
        let terms = Terms::of(
            &sample.definition,
            Some(&connection()),
            Effect::Keyed,
            false,
        );
        terms.ladder.delay_after(1).map(|delay| delay.as_secs())
    }

    #[test]
    fn a_step_retries_by_its_own_ladder_else_its_connections_else_the_standard_one() {
        assert_eq!(first_delay(ladder(1), ladder(2).as_ref()), Some(1));
        assert_eq!(first_delay(None, ladder(2).as_ref()), Some(2));
        assert_eq!(first_delay(None, None), Some(30));
        assert_eq!(first_delay(Some(Ladder::none()), ladder(2).as_ref()), None);
    }
}
