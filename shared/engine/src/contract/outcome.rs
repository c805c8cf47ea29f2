//! What follows an attempt, by how it failed and by the terms of the step.

use std::time::Duration;

use super::Terms;
use crate::definition::model::Unknown;
use crate::entry::Progress;
use crate::retry::MAX_DELAY;
use crate::step::{Effect, StepError};

/// What follows an attempt that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Another attempt after this delay.
    Retry {
        /// How long to wait, without jitter.
        delay: Duration,
        /// Whether this attempt may have taken effect.
        maybe: bool,
    },
    /// The next alternative.
    FallBack {
        /// Whether this attempt may have taken effect.
        maybe: bool,
    },
    /// The end: an error record.
    Fail {
        /// Whether this attempt may have taken effect.
        maybe: bool,
    },
    /// The effect may have happened: a person decides.
    LeaveUnknown,
}

/// Decides what follows an attempt that did not succeed.
///
/// A failure is definite when no attempt may have taken effect. Only a definite one goes to the
/// fallback or frees a `once` key, unless the author accepts a second effect (`unknown:`).
#[must_use]
pub fn after_attempt(error: &StepError, progress: Progress, terms: &Terms) -> Ending {
    match error {
        StepError::Transient { retry_after, .. } => {
            retry_or_end(false, *retry_after, progress, terms)
        }
        StepError::Unknown { retry_after, .. } => match (terms.effect, terms.unknown) {
            (Effect::Keyed, _) | (Effect::AtMostOnce, Unknown::Retry) => {
                retry_or_end(true, *retry_after, progress, terms)
            }
            (Effect::AtMostOnce, _) => end(true, progress, terms),
        },
        StepError::Permanent { .. } => end(false, progress, terms),
        StepError::NeedsReview { .. } if progress.maybe && terms.needs_certainty() => {
            Ending::LeaveUnknown
        }
        StepError::NeedsReview { .. } => Ending::Fail { maybe: false },
    }
}

/// Decides what follows an attempt that took effect, but whose result is not what was declared:
/// it is not repeated, and no fallback follows.
#[must_use]
pub fn after_bad_output(terms: &Terms) -> Ending {
    if terms.needs_certainty() {
        Ending::LeaveUnknown
    } else {
        Ending::Fail { maybe: true }
    }
}

fn retry_or_end(
    maybe: bool,
    retry_after: Option<Duration>,
    progress: Progress,
    terms: &Terms,
) -> Ending {
    match terms.ladder.delay_after(progress.attempt) {
        Some(delay) => Ending::Retry {
            delay: retry_after.map_or(delay, |asked| asked.min(MAX_DELAY).max(delay)),
            maybe,
        },
        None => end(maybe, progress, terms),
    }
}

fn end(maybe: bool, progress: Progress, terms: &Terms) -> Ending {
    let definite = !maybe && !progress.maybe;
    if definite || !terms.needs_certainty() {
        return if terms.has_fallback {
            Ending::FallBack { maybe }
        } else {
            Ending::Fail { maybe }
        };
    }
    match terms.unknown {
        Unknown::Fallback if terms.has_fallback => Ending::FallBack { maybe },
        _ => Ending::LeaveUnknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::model::Refused;
    use crate::retry::Ladder;

    const KEYED: Terms = Terms {
        effect: Effect::Keyed,
        once: false,
        has_fallback: false,
        unknown: Unknown::Review,
        refused: Refused::Fail,
        ladder: Ladder::none(),
    };

    fn keyed() -> Terms {
        Terms {
            ladder: Ladder::standard(),
            ..KEYED
        }
    }

    fn at_most_once() -> Terms {
        Terms {
            effect: Effect::AtMostOnce,
            ..keyed()
        }
    }

    fn unknown() -> StepError {
        StepError::Unknown {
            code: "Timeout".into(),
            message: "no answer".into(),
            retry_after: None,
        }
    }

    fn on(attempt: u32, maybe: bool) -> Progress {
        Progress { attempt, maybe }
    }

    #[test]
    fn a_transient_failure_climbs_the_ladder_and_then_ends() {
        let error = StepError::transient("Throttled", "429");
        let delays: Vec<_> = (1..=4)
            .map(|attempt| after_attempt(&error, on(attempt, false), &keyed()))
            .collect();
        let retry = |seconds| Ending::Retry {
            delay: Duration::from_secs(seconds),
            maybe: false,
        };
        assert_eq!(
            delays,
            [
                retry(30),
                retry(120),
                retry(480),
                Ending::Fail { maybe: false }
            ]
        );
    }

    #[test]
    fn the_receivers_wish_wins_when_it_is_longer() {
        let asking = |seconds| StepError::Transient {
            code: "Throttled".into(),
            message: "429".into(),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let delay = |seconds| match after_attempt(&asking(seconds), on(1, false), &keyed()) {
            Ending::Retry { delay, .. } => delay.as_secs(),
            other => panic!("{other:?}"),
        };
        assert_eq!((delay(5), delay(3600)), (30, 3600));
        assert_eq!(delay(u64::MAX), MAX_DELAY.as_secs());
    }

    #[test]
    fn an_effect_that_may_have_happened_is_never_repeated_unless_the_author_accepts_it() {
        assert_eq!(
            after_attempt(&unknown(), on(1, false), &at_most_once()),
            Ending::LeaveUnknown
        );
        let accepts = Terms {
            unknown: Unknown::Retry,
            ..at_most_once()
        };
        assert!(matches!(
            after_attempt(&unknown(), on(1, false), &accepts),
            Ending::Retry { maybe: true, .. }
        ));
        assert_eq!(
            after_attempt(&unknown(), on(4, true), &accepts),
            Ending::LeaveUnknown
        );
        assert!(matches!(
            after_attempt(&unknown(), on(1, false), &keyed()),
            Ending::Retry { maybe: true, .. }
        ));
    }

    #[test]
    fn only_a_definite_failure_goes_to_the_fallback() {
        let chain = Terms {
            has_fallback: true,
            ..at_most_once()
        };
        let refused = StepError::permanent("InvalidRecipient", "no such number");
        assert_eq!(
            after_attempt(&refused, on(2, false), &chain),
            Ending::FallBack { maybe: false }
        );
        assert_eq!(
            after_attempt(&refused, on(2, true), &chain),
            Ending::LeaveUnknown
        );
        let accepts = Terms {
            unknown: Unknown::Fallback,
            ..chain
        };
        assert_eq!(
            after_attempt(&refused, on(2, true), &accepts),
            Ending::FallBack { maybe: false }
        );
        assert_eq!(
            after_attempt(&unknown(), on(1, false), &accepts),
            Ending::FallBack { maybe: true }
        );
    }

    #[test]
    fn a_once_key_is_not_freed_by_a_failure_that_may_have_acted() {
        let once = Terms {
            once: true,
            ..keyed()
        };
        assert_eq!(
            after_attempt(&unknown(), on(4, false), &once),
            Ending::LeaveUnknown
        );
        assert_eq!(
            after_attempt(&unknown(), on(4, false), &keyed()),
            Ending::Fail { maybe: true }
        );
    }

    #[test]
    fn what_a_person_must_decide_skips_the_fallback() {
        let chain = Terms {
            has_fallback: true,
            ..at_most_once()
        };
        let review = StepError::NeedsReview {
            code: "Ambiguous".into(),
            message: "two records".into(),
        };
        assert_eq!(
            after_attempt(&review, on(1, false), &chain),
            Ending::Fail { maybe: false }
        );
    }
}
