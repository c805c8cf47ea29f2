//! Every state with every event.

use jiff::Timestamp;

use super::{Occurred, Owner, Progress, State, transition};
use crate::port::MessageId;

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

fn rejected(undoes: bool) -> (&'static str, Occurred) {
    let (message, at) = (MessageId("m".to_owned()), NOW);
    let rejected = Occurred::Rejected {
        message,
        created: NOW,
        at,
        undoes,
    };
    ("rejected", rejected)
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
        ("sent-again", Occurred::SentAgain { at: NOW }),
        ("declared-done", Occurred::DeclaredDone),
        rejected(false),
        rejected(true),
        ("skipped", Occurred::Skipped),
        ("fanned-out", Occurred::FannedOut),
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
        ("failed", Occurred::Redriven { .. }) | ("unknown", Occurred::SentAgain { .. }) => {
            Some("retrying")
        }
        ("unknown", Occurred::Rejected { undoes: false, .. }) => Some("failed"),
        ("unknown", Occurred::Rejected { undoes: true, .. }) => Some("gave-up"),
        ("failed" | "unknown", Occurred::DeclaredDone)
        | ("failed" | "waiting", Occurred::Succeeded { by: None }) => Some("succeeded"),
        ("none" | "retrying", Occurred::FannedOut) => Some("waiting"),
        ("none" | "retrying", Occurred::Skipped) => Some("skipped"),
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
    assert_eq!(pairs, 11 * 28);
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
