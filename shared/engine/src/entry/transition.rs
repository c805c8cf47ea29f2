//! The one function by which a step changes its state.

use jiff::Timestamp;

use super::{Owner, Progress, State};
use crate::port::MessageId;

/// What happened to a step. `by` is the claim's owner, or `None` for a step that needs no claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occurred {
    /// An invocation took the claim.
    Claimed {
        /// Who.
        owner: Owner,
        /// Until when.
        lease: Timestamp,
    },
    /// An invocation took over a claim whose lease ran out; the earlier owner may have acted.
    TakenOver {
        /// Who.
        owner: Owner,
        /// Until when.
        lease: Timestamp,
    },
    /// An attempt failed and another will follow.
    Retried {
        /// Whose attempt.
        by: Option<Owner>,
        /// When the next is due.
        due: Timestamp,
        /// Whether it may have taken effect.
        maybe: bool,
    },
    /// An attempt succeeded.
    Succeeded {
        /// Whose attempt.
        by: Option<Owner>,
    },
    /// The step failed for good.
    Failed {
        /// Whose attempt.
        by: Option<Owner>,
        /// The message.
        message: MessageId,
        /// The message's stamp.
        created: Timestamp,
        /// When.
        at: Timestamp,
        /// Whether an attempt may have taken effect.
        maybe: bool,
    },
    /// The step failed for good, and what succeeded before it is undone.
    GaveUp {
        /// Whose attempt.
        by: Option<Owner>,
        /// The message.
        message: MessageId,
        /// When.
        at: Timestamp,
        /// Whether an attempt may have taken effect.
        maybe: bool,
    },
    /// The effect may have happened, and a person decides.
    LeftUnknown {
        /// Whose attempt.
        by: Option<Owner>,
    },
    /// A claim ran out, or its owner is known to be dead, on an effect that may not be repeated.
    Abandoned,
    /// The step failed definitely, or by its policy, and its fallback goes on.
    FellBack {
        /// Whose attempt.
        by: Option<Owner>,
        /// Whether an attempt may have taken effect.
        maybe: bool,
    },
    /// A redrive of the failed step was accepted: attempts start again.
    Redriven {
        /// When.
        at: Timestamp,
    },
    /// The step was left out.
    Skipped,
}

/// A change of state that the contract does not allow: what was decided no longer holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} is not possible in state {state}")]
pub struct Illegal {
    /// The state's name; `none` before the first entry.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
}

/// Applies what happened to the state that it happened in.
///
/// | from | claimed | taken over | retried | succeeded | failed | gave up | left unknown | abandoned | fell back | redriven | skipped |
/// |---|---|---|---|---|---|---|---|---|---|---|---|
/// | none | started | | retrying¹ | succeeded¹ | failed¹ | gave up¹ | unknown¹ | | fell back¹ | | skipped |
/// | started | | started | retrying² | succeeded² | failed² | gave up² | unknown² | unknown | fell back² | | |
/// | retrying | started | | retrying¹ | succeeded¹ | failed¹ | gave up¹ | unknown¹ | | fell back¹ | | |
/// | failed | | | | succeeded¹ | | | | | | retrying | |
/// | others | | | | | | | | | | | |
///
/// ¹ without a claim · ² by the claim's owner
///
/// # Errors
/// [`Illegal`] for every empty cell: a final state is never overwritten, but by a redrive, or by
/// the late success of a step whose repeats are harmless.
pub fn transition(
    from: Option<(&State, Progress)>,
    occurred: &Occurred,
) -> Result<(State, Progress), Illegal> {
    let progress = from.map_or(Progress::FIRST, |(_, progress)| progress);
    let state = from.map(|(state, _)| state);
    let illegal = || Illegal {
        state: state.map_or("none", State::name),
        event: occurred.name(),
    };
    match (state, occurred) {
        (None | Some(State::Retrying { .. }), Occurred::Claimed { owner, lease }) => Ok((
            State::Started {
                owner: owner.clone(),
                lease: *lease,
            },
            progress,
        )),
        (Some(State::Started { .. }), Occurred::TakenOver { owner, lease }) => Ok((
            State::Started {
                owner: owner.clone(),
                lease: *lease,
            },
            progress.next(true),
        )),
        (Some(State::Started { .. }), Occurred::Abandoned) => {
            Ok((State::Unknown, progress.marked(true)))
        }
        (Some(State::Failed { .. }), Occurred::Redriven { at }) => Ok((
            State::Retrying { due: *at },
            Progress {
                attempt: 1,
                maybe: progress.maybe,
            },
        )),
        (Some(State::Failed { .. }), Occurred::Succeeded { by: None }) => {
            Ok((State::Succeeded, progress))
        }
        (None, Occurred::Skipped) => Ok((State::Skipped, progress)),
        (state, occurred) if occurred.is_outcome_of(state) => Ok(outcome(occurred, progress)),
        _ => Err(illegal()),
    }
}

fn outcome(occurred: &Occurred, progress: Progress) -> (State, Progress) {
    match occurred {
        Occurred::Retried { due, maybe, .. } => {
            (State::Retrying { due: *due }, progress.next(*maybe))
        }
        Occurred::Failed {
            message,
            created,
            at,
            maybe,
            ..
        } => (
            State::Failed {
                message: message.clone(),
                created: *created,
                at: *at,
            },
            progress.marked(*maybe),
        ),
        Occurred::GaveUp {
            message, at, maybe, ..
        } => (
            State::GaveUp {
                message: message.clone(),
                at: *at,
            },
            progress.marked(*maybe),
        ),
        Occurred::FellBack { maybe, .. } => (State::FellBack, progress.marked(*maybe)),
        Occurred::LeftUnknown { .. } => (State::Unknown, progress.marked(true)),
        _ => (State::Succeeded, progress),
    }
}

impl Occurred {
    /// Whether this is the outcome of an attempt that the state allows: by the owner of the
    /// claim, or without a claim while there is none.
    fn is_outcome_of(&self, state: Option<&State>) -> bool {
        let (Self::Retried { by, .. }
        | Self::Succeeded { by }
        | Self::Failed { by, .. }
        | Self::GaveUp { by, .. }
        | Self::LeftUnknown { by }
        | Self::FellBack { by, .. }) = self
        else {
            return false;
        };
        match state {
            None | Some(State::Retrying { .. }) => by.is_none(),
            Some(State::Started { owner, .. }) => by.as_ref() == Some(owner),
            _ => false,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Claimed { .. } => "claimed",
            Self::TakenOver { .. } => "taken over",
            Self::Retried { .. } => "retried",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::GaveUp { .. } => "gave up",
            Self::LeftUnknown { .. } => "left unknown",
            Self::Abandoned => "abandoned",
            Self::FellBack { .. } => "fell back",
            Self::Redriven { .. } => "redriven",
            Self::Skipped => "skipped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn owner(name: &str) -> Owner {
        Owner(name.into())
    }

    fn states() -> Vec<Option<State>> {
        vec![
            None,
            Some(State::Started {
                owner: owner("me"),
                lease: NOW,
            }),
            Some(State::Retrying { due: NOW }),
            Some(State::Succeeded),
            Some(State::Failed {
                message: MessageId("m".to_owned()),
                created: NOW,
                at: NOW,
            }),
            Some(State::GaveUp {
                message: MessageId("m".to_owned()),
                at: NOW,
            }),
            Some(State::Unknown),
            Some(State::FellBack),
            Some(State::Skipped),
            Some(State::Waiting),
            Some(State::Resumed),
        ]
    }

    /// Every event, by the owner of the claim, by another invocation, and without a claim.
    fn events() -> Vec<(&'static str, Occurred)> {
        let mut events = vec![
            (
                "claimed",
                Occurred::Claimed {
                    owner: owner("me"),
                    lease: NOW,
                },
            ),
            (
                "taken-over",
                Occurred::TakenOver {
                    owner: owner("you"),
                    lease: NOW,
                },
            ),
            ("abandoned", Occurred::Abandoned),
            ("redriven", Occurred::Redriven { at: NOW }),
            ("skipped", Occurred::Skipped),
        ];
        for (label, by) in [
            ("free", None),
            ("owner", Some(owner("me"))),
            ("other", Some(owner("you"))),
        ] {
            events.push((
                label,
                Occurred::Retried {
                    by: by.clone(),
                    due: NOW,
                    maybe: false,
                },
            ));
            events.push((label, Occurred::Succeeded { by: by.clone() }));
            let message = MessageId("m".to_owned());
            events.push((
                label,
                Occurred::GaveUp {
                    by: by.clone(),
                    message: message.clone(),
                    at: NOW,
                    maybe: false,
                },
            ));
            events.push((
                label,
                Occurred::Failed {
                    by: by.clone(),
                    message,
                    created: NOW,
                    at: NOW,
                    maybe: false,
                },
            ));
            events.push((label, Occurred::LeftUnknown { by: by.clone() }));
            events.push((label, Occurred::FellBack { by, maybe: false }));
        }
        events
    }

    /// The table of the contract: which (state, event) pairs are allowed, and where they lead.
    fn expected(from: Option<&State>, label: &str, event: &Occurred) -> Option<&'static str> {
        let from = from.map_or("none", State::name);
        let allowed_outcome = matches!(
            (from, label),
            ("none" | "retrying", "free") | ("started", "owner")
        );
        match (from, event) {
            ("none" | "retrying", Occurred::Claimed { .. })
            | ("started", Occurred::TakenOver { .. }) => Some("started"),
            ("started", Occurred::Abandoned) => Some("unknown"),
            ("failed", Occurred::Redriven { .. }) => Some("retrying"),
            ("failed", Occurred::Succeeded { by: None }) => Some("succeeded"),
            ("none", Occurred::Skipped) => Some("skipped"),
            (_, Occurred::Retried { .. }) if allowed_outcome => Some("retrying"),
            (_, Occurred::Succeeded { .. }) if allowed_outcome => Some("succeeded"),
            (_, Occurred::Failed { .. }) if allowed_outcome => Some("failed"),
            (_, Occurred::GaveUp { .. }) if allowed_outcome => Some("gave-up"),
            (_, Occurred::LeftUnknown { .. }) if allowed_outcome => Some("unknown"),
            (_, Occurred::FellBack { .. }) if allowed_outcome => Some("fell-back"),
            _ => None,
        }
    }

    #[test]
    fn every_pair_of_state_and_event_goes_where_the_contract_says() {
        let mut pairs = 0;
        for state in states() {
            for (label, event) in events() {
                let from = state.as_ref().map(|state| (state, Progress::FIRST));
                let reached = transition(from, &event).map(|(state, _)| state.name());
                assert_eq!(
                    reached.ok(),
                    expected(state.as_ref(), label, &event),
                    "{state:?} {event:?}"
                );
                pairs += 1;
            }
        }
        assert_eq!(pairs, 11 * 23);
    }

    #[test]
    fn an_attempt_that_may_have_acted_is_never_forgotten() {
        let maybe = Occurred::Retried {
            by: None,
            due: NOW,
            maybe: true,
        };
        let sure = Occurred::Retried {
            by: None,
            due: NOW,
            maybe: false,
        };
        let (state, progress) = transition(None, &maybe).unwrap();
        let (state, progress) = transition(Some((&state, progress)), &sure).unwrap();
        assert_eq!(
            progress,
            Progress {
                attempt: 3,
                maybe: true
            }
        );
        let message = MessageId("m".to_owned());
        let failed = Occurred::Failed {
            by: None,
            message,
            created: NOW,
            at: NOW,
            maybe: false,
        };
        let (state, progress) = transition(Some((&state, progress)), &failed).unwrap();
        let (_, progress) =
            transition(Some((&state, progress)), &Occurred::Redriven { at: NOW }).unwrap();
        assert_eq!(
            progress,
            Progress {
                attempt: 1,
                maybe: true
            }
        );
    }

    #[test]
    fn taking_over_an_expired_claim_counts_as_an_attempt_that_may_have_acted() {
        let started = State::Started {
            owner: owner("me"),
            lease: NOW,
        };
        let event = Occurred::TakenOver {
            owner: owner("you"),
            lease: NOW,
        };
        let (_, progress) = transition(Some((&started, Progress::FIRST)), &event).unwrap();
        assert_eq!(
            progress,
            Progress {
                attempt: 2,
                maybe: true
            }
        );
    }
}
