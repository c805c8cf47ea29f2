//! The table of the state machine.

use super::*;

/// The columns: happened, window not due, window due, escalation of two phones, of one,
/// acknowledged, settled.
const EXPECTED: [(&str, [&str; 7]); 9] = [
    ("calm", ["first", "-", "-", "-", "-", "-", "-"]),
    (
        "P2 told",
        ["silent", "-", "ended", "-", "-", "silent", "silent"],
    ),
    (
        "P2 untold",
        ["silent", "-", "repeated", "-", "-", "silent", "silent"],
    ),
    (
        "P1 told",
        [
            "silent",
            "-",
            "unacknowledged",
            "escalated",
            "silent",
            "silent",
            "silent",
        ],
    ),
    (
        "P1 untold",
        [
            "silent",
            "-",
            "repeated",
            "escalated",
            "silent",
            "silent",
            "silent",
        ],
    ),
    (
        "P1 known",
        ["silent", "-", "ended", "-", "-", "-", "silent"],
    ),
    (
        "P1 known, untold",
        ["silent", "-", "repeated", "-", "-", "-", "silent"],
    ),
    (
        "P1 settled",
        ["silent", "-", "ended", "-", "-", "silent", "-"],
    ),
    (
        "overdue",
        ["silent", "-", "ended", "-", "-", "silent", "silent"],
    ),
];

fn states() -> [Option<Incident>; 9] {
    use Severity::{P1, P2};
    [
        None,
        Some(told(P2)),
        Some(untold(P2)),
        Some(told(P1)),
        Some(untold(P1)),
        Some(known(P1)),
        Some(occur(Some(&known(P1)), 2, P1)),
        Some(settled(P1)),
        Some(published(happen(None, 0, P1, Kind::Overdue))),
    ]
}

/// What an event comes to.
fn outcome(before: Option<&Incident>, event: &Event<'_>) -> &'static str {
    match decide(before, event) {
        None if before.is_none() => "-",
        None => "ended",
        Some(after) if before == Some(&after) => "-",
        Some(after) => match said(Some(&after)).map(|(occasion, ..)| occasion) {
            Some(Occasion::First) => "first",
            Some(Occasion::Repeated) => "repeated",
            Some(Occasion::Unacknowledged) => "unacknowledged",
            Some(Occasion::Escalated) => "escalated",
            Some(_) => "other",
            None => "silent",
        },
    }
}

#[test]
fn every_state_answers_every_event() {
    let (mark, subject) = (mark(), subject("new"));
    let escalation = |phones| Event::EscalationDue { at: at(15), phones };
    let occurred = Event::Occurred {
        at: at(3),
        kind: Kind::Failures,
        tenant: None,
        fingerprint: "f",
        severity: Severity::P2,
        subject: &subject,
    };
    let events = [
        occurred,
        Event::WindowDue(at(4)),
        Event::WindowDue(at(5)),
        escalation(2),
        escalation(1),
        Event::Acknowledged(&mark),
        Event::Settled,
    ];
    for ((name, expected), state) in EXPECTED.iter().zip(states()) {
        let outcomes = events.iter().map(|event| outcome(state.as_ref(), event));
        assert_eq!(outcomes.collect::<Vec<_>>(), expected, "{name}");
    }
}
