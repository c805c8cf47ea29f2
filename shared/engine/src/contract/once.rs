//! `once`: one effect per key in a tenant, whichever executions ask for it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::id::{ExecutionRef, StepKey};

/// The claim on a `once` key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnceClaim {
    /// The execution that holds it.
    pub execution: ExecutionRef,
    /// Its generation.
    pub generation: u32,
    /// The step that holds it.
    pub step: StepKey,
    /// How far it is.
    #[serde(flatten)]
    pub state: OnceState,
}

/// How far the effect under a `once` key is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum OnceState {
    /// It may happen.
    Pending,
    /// It happened; this is its result.
    Done {
        /// The result.
        output: Json,
        /// Until when it suppresses others; `None`: for good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
}

/// What a `once` key says to a step that asks for it.
#[derive(Debug, Clone, PartialEq)]
pub enum OnceVerdict {
    /// The key is free, or this step's own.
    Free,
    /// The effect happened; its result is the step's result.
    Suppressed(Box<OnceClaim>, Json),
    /// Another step may be doing it: wait.
    Held,
}

/// Decides what a key says. Expiry is part of the condition, never left to deletion.
#[must_use]
pub fn ask(
    found: Option<OnceClaim>,
    asking: (&ExecutionRef, u32, &StepKey),
    now: Timestamp,
) -> OnceVerdict {
    let Some(claim) = found else {
        return OnceVerdict::Free;
    };
    match &claim.state {
        OnceState::Done {
            until: Some(until), ..
        } if *until <= now => OnceVerdict::Free,
        OnceState::Done { output, .. } => {
            let output = output.clone();
            OnceVerdict::Suppressed(Box::new(claim), output)
        }
        OnceState::Pending if (&claim.execution, claim.generation, &claim.step) == asking => {
            OnceVerdict::Free
        }
        OnceState::Pending => OnceVerdict::Held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution(letter: char) -> ExecutionRef {
        format!("t/deal/1/w/{}", String::from(letter).repeat(26))
            .parse()
            .unwrap()
    }

    fn claim(letter: char, state: OnceState) -> OnceClaim {
        OnceClaim {
            execution: execution(letter),
            generation: 1,
            step: "s.1".parse().unwrap(),
            state,
        }
    }

    fn asked(found: Option<OnceClaim>) -> OnceVerdict {
        let (execution, step) = (execution('a'), "s.1".parse().unwrap());
        ask(
            found,
            (&execution, 1, &step),
            Timestamp::from_second(10).unwrap(),
        )
    }

    #[test]
    fn only_a_done_effect_suppresses() {
        assert_eq!(asked(None), OnceVerdict::Free);
        assert_eq!(
            asked(Some(claim('a', OnceState::Pending))),
            OnceVerdict::Free
        );
        assert_eq!(
            asked(Some(claim('b', OnceState::Pending))),
            OnceVerdict::Held
        );
        let done = OnceState::Done {
            output: Json::from(7),
            until: None,
        };
        assert!(
            matches!(asked(Some(claim('b', done))), OnceVerdict::Suppressed(_, output) if output == 7)
        );
    }

    #[test]
    fn a_done_effect_suppresses_until_its_time_is_over() {
        let done = |second| OnceState::Done {
            output: Json::Null,
            until: Timestamp::from_second(second).ok(),
        };
        assert_eq!(asked(Some(claim('b', done(10)))), OnceVerdict::Free);
        assert!(matches!(
            asked(Some(claim('b', done(11)))),
            OnceVerdict::Suppressed(..)
        ));
    }
}
