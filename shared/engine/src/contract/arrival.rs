//! What to do with a delivered envelope, by the entry of its step.

use jiff::Timestamp;

use super::Terms;
use crate::definition::model::Unknown;
use crate::entry::{Owner, State};
use crate::port::MessageId;
use crate::step::Effect;

/// A delivery, as far as the decision needs it.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The physical message.
    pub message: &'a MessageId,
    /// When our code sent it.
    pub created: Timestamp,
    /// When the queue accepted it.
    pub sent: Timestamp,
    /// The time now.
    pub now: Timestamp,
    /// The name of this start, where claims of another start have no living owner.
    pub boot: Option<&'a str>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Perform, without a claim.
    Perform,
    /// Take the claim, then perform.
    Claim,
    /// Take over a claim that ran out, then perform.
    TakeOver,
    /// A claim ran out on an effect that may have happened: leave it to a person.
    Abandon,
    /// A claim ran out, and the author accepts that the fallback goes on.
    FallBack,
    /// Accept the redrive of a failed step, then look again.
    AcceptRedrive,
    /// It is settled: dispatch what follows again.
    Replay,
    /// Its outcome is unknown: make sure that a person sees it.
    EnsureReview,
    /// Another invocation works on it, or it is not due: look again then.
    Wait(Timestamp),
    /// This message failed already: let the queue dead-letter it.
    FailAgain,
    /// An old copy: drop it.
    Stale,
}

impl Reaction {
    /// Whether an attempt follows.
    #[must_use]
    pub fn performs(self) -> bool {
        matches!(self, Self::Perform | Self::Claim | Self::TakeOver)
    }
}

/// Decides what to do with a delivery.
///
/// A redrive sends the message that failed anew: under its stamp, after the failure. Any other
/// copy of a failed step is stale, however late it was sent.
#[must_use]
pub fn on_arrival(state: Option<&State>, terms: &Terms, arrival: &Arrival<'_>) -> Reaction {
    match state {
        None if terms.claims() => Reaction::Claim,
        None => Reaction::Perform,
        Some(State::Retrying { due }) if arrival.now < *due => Reaction::Wait(*due),
        Some(State::Retrying { .. }) => on_arrival(None, terms, arrival),
        Some(State::Started { owner, lease }) => on_claimed(owner, *lease, terms, arrival),
        Some(State::Failed {
            message,
            created,
            at,
        }) => on_failed(message, (*created, *at), arrival),
        Some(State::GaveUp { message, .. }) if message == arrival.message => Reaction::FailAgain,
        Some(State::Unknown) => Reaction::EnsureReview,
        Some(
            State::Succeeded
            | State::GaveUp { .. }
            | State::FellBack
            | State::Skipped
            | State::Waiting
            | State::Resumed,
        ) => Reaction::Replay,
    }
}

fn on_claimed(owner: &Owner, lease: Timestamp, terms: &Terms, arrival: &Arrival<'_>) -> Reaction {
    if arrival.now < lease && owner.may_live(arrival.boot) {
        return Reaction::Wait(lease);
    }
    match (terms.effect, terms.unknown) {
        (Effect::Keyed, _) | (Effect::AtMostOnce, Unknown::Retry) => Reaction::TakeOver,
        (Effect::AtMostOnce, Unknown::Fallback) if terms.has_fallback => Reaction::FallBack,
        (Effect::AtMostOnce, Unknown::Review | Unknown::Fallback) => Reaction::Abandon,
    }
}

fn on_failed(
    message: &MessageId,
    (created, failed_at): (Timestamp, Timestamp),
    arrival: &Arrival<'_>,
) -> Reaction {
    if message == arrival.message {
        Reaction::FailAgain
    } else if arrival.created == created && failed_at < arrival.sent {
        Reaction::AcceptRedrive
    } else {
        Reaction::Stale
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::definition::model::Refused;
    use crate::retry::Ladder;

    fn terms(effect: Effect, unknown: Unknown, has_fallback: bool) -> Terms {
        Terms {
            effect,
            once: false,
            has_fallback,
            unknown,
            refused: Refused::Fail,
            ladder: Ladder::standard(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn react(
        state: Option<&State>,
        terms: &Terms,
        message: &str,
        created: i64,
        sent: i64,
    ) -> Reaction {
        let message = MessageId(message.to_owned());
        let arrival = Arrival {
            message: &message,
            created: at(created),
            sent: at(sent),
            now: at(100),
            boot: Some("b"),
        };
        on_arrival(state, terms, &arrival)
    }

    fn started(owner: &str, lease: i64) -> State {
        State::Started {
            owner: Owner(owner.into()),
            lease: at(lease),
        }
    }

    #[test]
    fn only_a_step_whose_repeats_are_harmless_goes_without_a_claim() {
        let keyed = terms(Effect::Keyed, Unknown::Review, false);
        assert_eq!(react(None, &keyed, "m", 1, 1), Reaction::Perform);
        assert_eq!(
            react(
                None,
                &Terms {
                    once: true,
                    ..keyed.clone()
                },
                "m",
                1,
                1
            ),
            Reaction::Claim
        );
        assert_eq!(
            react(
                None,
                &Terms {
                    has_fallback: true,
                    ..keyed
                },
                "m",
                1,
                1
            ),
            Reaction::Claim
        );
        assert_eq!(
            react(
                None,
                &terms(Effect::AtMostOnce, Unknown::Review, false),
                "m",
                1,
                1
            ),
            Reaction::Claim
        );
    }

    #[test]
    fn a_live_claim_is_waited_for_and_a_dead_one_goes_by_effect_and_policy() {
        let once = |unknown, fallback| terms(Effect::AtMostOnce, unknown, fallback);
        let keyed = terms(Effect::Keyed, Unknown::Review, true);
        assert_eq!(
            react(Some(&started("b/1", 200)), &keyed, "m", 1, 1),
            Reaction::Wait(at(200))
        );
        for dead in [
            started("b/1", 100),
            started("a/1", 200),
            started("bb/1", 200),
        ] {
            assert_eq!(
                react(Some(&dead), &keyed, "m", 1, 1),
                Reaction::TakeOver,
                "{dead:?}"
            );
            assert_eq!(
                react(Some(&dead), &once(Unknown::Review, true), "m", 1, 1),
                Reaction::Abandon
            );
            assert_eq!(
                react(Some(&dead), &once(Unknown::Retry, true), "m", 1, 1),
                Reaction::TakeOver
            );
            assert_eq!(
                react(Some(&dead), &once(Unknown::Fallback, true), "m", 1, 1),
                Reaction::FallBack
            );
            assert_eq!(
                react(Some(&dead), &once(Unknown::Fallback, false), "m", 1, 1),
                Reaction::Abandon
            );
        }
    }

    #[test]
    fn a_copy_of_a_failed_step_is_the_same_message_a_redrive_or_stale() {
        let failed = State::Failed {
            message: MessageId("m".to_owned()),
            created: at(10),
            at: at(50),
        };
        let keyed = terms(Effect::Keyed, Unknown::Review, false);
        let copy = |id, created, sent| react(Some(&failed), &keyed, id, created, sent);
        assert_eq!(copy("m", 10, 10), Reaction::FailAgain);
        assert_eq!(copy("n", 10, 51), Reaction::AcceptRedrive);
        assert_eq!(copy("n", 10, 50), Reaction::Stale, "before the failure");
        for (created, why) in [
            (9, "stamped before it, and held up"),
            (50, "stamped when it failed"),
            (51, "stamped after the failure"),
        ] {
            assert_eq!(copy("n", created, 60), Reaction::Stale, "{why}");
        }
    }

    #[test]
    fn a_step_that_gave_up_never_runs_again_whatever_is_redriven() {
        let (message, at) = (MessageId("m".to_owned()), at(50));
        let gave_up = State::GaveUp { message, at };
        let keyed = terms(Effect::Keyed, Unknown::Retry, true);
        for (message, created, sent) in [("m", 1, 1), ("n", 50, 51), ("n", 1, 50), ("n", 51, 60)] {
            let reaction = react(Some(&gave_up), &keyed, message, created, sent);
            let again = matches!(reaction, Reaction::FailAgain);
            assert!(again == (message == "m") && (again || reaction == Reaction::Replay));
        }
    }

    #[test]
    fn an_attempt_that_is_not_due_waits() {
        let keyed = terms(Effect::Keyed, Unknown::Review, false);
        let due = at(100) + Duration::from_secs(1);
        assert_eq!(
            react(Some(&State::Retrying { due }), &keyed, "m", 1, 1),
            Reaction::Wait(due)
        );
        assert_eq!(
            react(Some(&State::Retrying { due: at(100) }), &keyed, "m", 1, 1),
            Reaction::Perform
        );
    }

    #[test]
    fn settled_steps_are_never_performed_again() {
        let once = terms(Effect::AtMostOnce, Unknown::Retry, true);
        for state in [
            State::Succeeded,
            State::FellBack,
            State::Skipped,
            State::Waiting,
            State::Resumed,
        ] {
            assert_eq!(react(Some(&state), &once, "m", 1, 1), Reaction::Replay);
        }
        assert_eq!(
            react(Some(&State::Unknown), &once, "m", 1, 1),
            Reaction::EnsureReview
        );
    }
}
