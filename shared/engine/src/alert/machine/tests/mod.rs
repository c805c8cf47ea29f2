//! Every state with every event, and what holds for all of their sequences.

mod table;

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_mins(1);

fn at(minutes: u64) -> Timestamp {
    later(
        Timestamp::UNIX_EPOCH,
        MINUTE * u32::try_from(minutes).unwrap(),
    )
}

fn subject(partition: &str) -> Subject {
    Subject {
        partition: partition.to_owned(),
        id: partition.to_owned(),
        code: "Refused".to_owned(),
        title: "it failed".to_owned(),
        reference: None,
        pack: None,
        show: "show".to_owned(),
        repair: "repair".to_owned(),
    }
}

fn occur(state: Option<&Incident>, minutes: u64, severity: Severity) -> Incident {
    happen(state, minutes, severity, Kind::Failures)
}

fn happen(state: Option<&Incident>, minutes: u64, severity: Severity, kind: Kind) -> Incident {
    let event = Event::Occurred {
        at: at(minutes),
        kind,
        tenant: None,
        fingerprint: "f",
        severity,
        subject: &subject(&minutes.to_string()),
    };
    decide(state, &event).unwrap()
}

fn said(incident: Option<&Incident>) -> Option<(Occasion, u64, u32)> {
    let alert = incident?.unpublished.as_ref()?;
    Some((alert.occasion, alert.count, alert.tier))
}

fn published(incident: Incident) -> Incident {
    Incident {
        unpublished: None,
        ..incident
    }
}

fn mark() -> Mark {
    Mark {
        by: "ann".to_owned(),
        at: at(1),
        reason: None,
    }
}

/// Open for a minute, and everything was said.
fn told(severity: Severity) -> Incident {
    published(occur(None, 0, severity))
}

fn untold(severity: Severity) -> Incident {
    occur(Some(&told(severity)), 1, severity)
}

fn known(severity: Severity) -> Incident {
    decide(Some(&told(severity)), &Event::Acknowledged(&mark())).unwrap()
}

fn settled(severity: Severity) -> Incident {
    decide(Some(&told(severity)), &Event::Settled).unwrap()
}

/// Lets due times pass until `until`; what was said, and when.
fn pass(state: &mut Option<Incident>, until: u64, phones: u32) -> Vec<(u64, Occasion, u64, u32)> {
    let mut all = Vec::new();
    for minute in 0..=until {
        while let Some(open) = state.clone().filter(|open| open.next_due() <= at(minute)) {
            let event = match open.escalates_at {
                Some(due) if due <= at(minute) => Event::EscalationDue {
                    at: at(minute),
                    phones,
                },
                _ => Event::WindowDue(at(minute)),
            };
            *state = decide(Some(&open), &event);
            if let Some((occasion, count, tier)) = said(state.as_ref()) {
                all.push((minute, occasion, count, tier));
            }
            *state = state.take().map(published);
        }
    }
    all
}

#[test]
fn an_unanswered_p1_calls_one_phone_after_the_other_and_then_only_repeats() {
    use Occasion::{Escalated, Unacknowledged};
    let mut state = Some(told(Severity::P1));
    let expected = [
        (5, Unacknowledged, 1, 0),
        (15, Escalated, 1, 1),
        (30, Escalated, 1, 2),
        (75, Unacknowledged, 1, 3),
        (155, Unacknowledged, 1, 3),
        (315, Unacknowledged, 1, 3),
        (555, Unacknowledged, 1, 3),
    ];
    assert_eq!(pass(&mut state, 700, 3), expected);
    let mut known = decide(state.as_ref(), &Event::Acknowledged(&mark()));
    assert_eq!(pass(&mut known, 2_000, 3), []);
    assert_eq!(known, None, "a window without any ends it");
}

#[test]
fn what_is_more_urgent_than_all_before_is_said_at_once() {
    let raised = occur(Some(&told(Severity::P2)), 2, Severity::P1);
    assert_eq!(said(Some(&raised)), Some((Occasion::First, 2, 0)));
    assert_eq!(raised.escalates_at, Some(at(17)));
}

#[test]
fn what_happens_after_all_was_settled_is_called_for_again() {
    let again = occur(Some(&settled(Severity::P1)), 2, Severity::P1);
    assert!(again.is_unanswered());
    assert_eq!(again.escalates_at, Some(at(17)));
}

#[test]
fn each_message_has_an_id_of_its_own_that_a_repetition_shares() {
    let first = occur(None, 0, Severity::P2);
    let second = closed(untold(Severity::P2), at(5)).unwrap();
    let id = |incident: &Incident| incident.unpublished.as_ref().unwrap().id.clone();
    assert_ne!(id(&first), id(&second));
    assert_eq!(id(&first), id(&occur(None, 0, Severity::P2)));
    assert_ne!(id(&first), id(&occur(None, 1, Severity::P2)));
}

#[test]
fn a_flood_is_remembered_by_its_beginning_and_its_end() {
    let mut state = told(Severity::P1);
    for minute in 1..100 {
        state = occur(Some(&state), minute, Severity::P1);
    }
    assert_eq!(state.count, 100);
    assert_eq!(state.operations.len(), 32);
    assert_eq!(state.operations.first().unwrap(), "0");
    assert_eq!(state.operations.last().unwrap(), "99");
}

proptest! {
    /// However often it happens: at least one message, and at most as many as windows and phones.
    #[test]
    fn messages_are_never_none_and_grow_with_the_logarithm_of_time(
        minutes in prop::collection::vec(0_u64..1_200, 1..200),
        p1 in any::<bool>(),
        phones in 0_u32..4,
        known_at in prop::option::of(0_u64..1_200),
    ) {
        let severity = if p1 { Severity::P1 } else { Severity::P2 };
        let (mut state, mut messages, mut untold) = (None::<Incident>, 0, 0);
        let mut incidents = 0;
        for minute in 0..2_000 {
            if known_at == Some(minute) {
                state = decide(state.as_ref(), &Event::Acknowledged(&mark()));
            }
            for _ in minutes.iter().filter(|one| **one == minute) {
                incidents += u32::from(state.is_none());
                let after = occur(state.as_ref(), minute, severity);
                let told = said(Some(&after)).is_some();
                messages += u32::from(told);
                untold = if told { 0 } else { untold + 1 };
                state = Some(published(after));
            }
            while let Some(open) = state.clone().filter(|open| open.next_due() <= at(minute)) {
                let event = match open.escalates_at {
                    Some(due) if due <= at(minute) => Event::EscalationDue { at: at(minute), phones },
                    _ => Event::WindowDue(at(minute)),
                };
                state = decide(Some(&open), &event);
                if said(state.as_ref()).is_some() {
                    messages += 1;
                    untold = 0;
                }
                prop_assert!(state.is_some() || untold == 0, "it ended untold");
                state = state.map(published);
            }
        }
        prop_assert!(messages >= 1 && incidents >= 1);
        // 2,000 minutes hold at most 13 doubling windows of one incident; each incident but the
        // last spent a window on nothing, so that there are fewer windows the more there are.
        let windows: u32 = if incidents == 1 { 13 } else { 13 * incidents };
        prop_assert!(messages <= windows + incidents * (phones + 1), "{messages} of {incidents}");
    }
}
