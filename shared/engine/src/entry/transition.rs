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
    /// The elements of a step with `each` were sent.
    FannedOut,
    /// A person decided that an effect that may have happened is tried again.
    SentAgain {
        /// When.
        at: Timestamp,
    },
    /// A person decided that it is done, by whatever means.
    DeclaredDone,
    /// A person decided that an effect that may have happened did not, and is not to.
    Rejected {
        /// What stands for the message that failed.
        message: MessageId,
        /// Its stamp: no message in a queue has it.
        created: Timestamp,
        /// When.
        at: Timestamp,
        /// Whether what succeeded before is undone.
        undoes: bool,
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
/// | from | claimed | taken over | retried | succeeded | failed | gave up | left unknown | abandoned | fell back | redriven | skipped | fanned out |
/// |---|---|---|---|---|---|---|---|---|---|---|---|---|
/// | none | started | | retrying¹ | succeeded¹ | failed¹ | gave up¹ | unknown¹ | | fell back¹ | | skipped | waiting |
/// | started | | started | retrying² | succeeded² | failed² | gave up² | unknown² | unknown | fell back² | | | |
/// | retrying | started | | retrying¹ | succeeded¹ | failed¹ | gave up¹ | unknown¹ | | fell back¹ | | skipped | waiting |
/// | waiting | | | | succeeded¹ | | | | | | | | |
/// | failed | | | | succeeded¹ | | | | | | retrying | | |
/// | others | | | | | | | | | | | | |
///
/// ¹ without a claim · ² by the claim's owner
///
/// What people decide:
///
/// | from | sent again | declared done | rejected |
/// |---|---|---|---|
/// | failed | | succeeded | |
/// | unknown | retrying | succeeded | failed, or gave up where earlier steps are undone |
/// | others | | | |
///
/// An effect that is sent again may happen twice: that is the person's decision, and the one
/// exception to the rule that an at-most-once effect happens at most once.
///
/// # Errors
/// [`Illegal`] for every empty cell: a final state is never overwritten, but by a redrive, by a
/// person, or by the late success of a step whose repeats are harmless.
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
        (Some(State::Failed { .. }), Occurred::Redriven { at })
        | (Some(State::Unknown), Occurred::SentAgain { at }) => {
            Ok((State::Retrying { due: *at }, progress.anew()))
        }
        (Some(State::Failed { .. } | State::Waiting), Occurred::Succeeded { by: None })
        | (Some(State::Failed { .. } | State::Unknown), Occurred::DeclaredDone) => {
            Ok((State::Succeeded, progress))
        }
        (None | Some(State::Retrying { .. }), Occurred::FannedOut) => {
            Ok((State::Waiting, progress))
        }
        (
            Some(State::Unknown),
            Occurred::Rejected {
                message,
                created,
                at,
                undoes,
            },
        ) => {
            let (message, created, at) = (message.clone(), *created, *at);
            let state = if *undoes {
                State::GaveUp { message, at }
            } else {
                State::Failed {
                    message,
                    created,
                    at,
                }
            };
            Ok((state, progress))
        }
        (None | Some(State::Retrying { .. }), Occurred::Skipped) => Ok((State::Skipped, progress)),
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
            Self::SentAgain { .. } => "sent again",
            Self::DeclaredDone => "declared done",
            Self::Rejected { .. } => "rejected",
            Self::Skipped => "skipped",
            Self::FannedOut => "fanned out",
        }
    }
}
