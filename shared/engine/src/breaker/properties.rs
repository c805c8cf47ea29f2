//! The breaker's rule over every state and event, and over random histories.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::entry::Owner;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

const NOW: i64 = 10_000;

fn me() -> Owner {
    Owner("me".into())
}

fn counts(ok: u64, failed: u64) -> Window {
    let mut window = Window::default();
    (0..ok).for_each(|_| window.count(true, at(NOW)));
    (0..failed).for_each(|_| window.count(false, at(NOW)));
    window
}

fn closed(ok: u64, failed: u64) -> State {
    let window = counts(ok, failed);
    State::counting(window, 0)
}

fn start() -> Event {
    Event::Started {
        by: "ben".to_owned(),
        reason: None,
    }
}

fn open(until: i64, probe: Option<(&str, i64)>) -> State {
    let probe = probe.map(|(owner, lease)| Probe {
        owner: Owner(owner.into()),
        lease: at(lease),
    });
    let (since, until) = (at(NOW - 1000), at(until));
    State::Open {
        since,
        until,
        probe,
    }
}

fn half_open(since: i64, next: i64, admitted: u64, failed: u64) -> State {
    let (since, next) = (at(since), at(next));
    State::HalfOpen {
        since,
        next,
        admitted,
        failed,
    }
}

fn stopped() -> State {
    State::Stopped {
        by: "ann".to_owned(),
        at: at(NOW - 60),
        reason: "wrong prices".to_owned(),
    }
}

/// Every state that behaves in its own way, with its name.
fn states() -> [(&'static str, State); 9] {
    [
        ("healthy", closed(0, 0)),
        ("on the edge", closed(16, 4)),
        ("shut", open(NOW + 1, None)),
        ("due", open(NOW, None)),
        ("probed by me", open(NOW, Some(("me", NOW + 60)))),
        ("probed by another", open(NOW, Some(("another", NOW + 60)))),
        ("left by its probe", open(NOW, Some(("another", NOW)))),
        ("draining", half_open(NOW - 10, NOW, 50, 10)),
        ("stopped", stopped()),
    ]
}

fn events() -> [(&'static str, Event); 5] {
    let counted = |ok| Event::Counted {
        by: me(),
        ok,
        window: Window::of(ok, at(NOW)),
    };
    [
        (
            "admitted",
            Event::Admitted {
                owner: me(),
                lease: at(NOW + 60),
            },
        ),
        ("ok", counted(true)),
        ("failed", counted(false)),
        (
            "stop",
            Event::Stopped {
                by: "bob".to_owned(),
                reason: "why".to_owned(),
            },
        ),
        ("start", start()),
    ]
}

/// What follows, in words: the state, `same` where it is unchanged, and `!` where a person hears.
fn told(state: &State, next: Option<&Next>) -> String {
    let Some(next) = next else {
        return "-".to_owned();
    };
    let name = if next.state == *state {
        "same"
    } else {
        next.state.name()
    };
    let heard = if next.effect.is_some() { "!" } else { "" };
    format!("{name}{heard}")
}

#[test]
fn every_event_in_every_state_has_its_outcome() {
    let mut table = String::new();
    for (name, state) in states() {
        let outcomes = events().map(|(_, event)| {
            let next = step(&state, &event, at(NOW));
            told(&state, next.as_ref())
        });
        writeln!(table, "{name}: {}", outcomes.join(", ")).unwrap();
    }
    assert_eq!(
        table,
        "healthy: -, closed, closed, stopped, -\n\
         on the edge: -, closed, open!, stopped, -\n\
         shut: -, same, same, stopped!, closed!\n\
         due: open, same, same, stopped!, closed!\n\
         probed by me: -, half-open!, open, stopped!, closed!\n\
         probed by another: -, same, same, stopped!, closed!\n\
         left by its probe: open, same, same, stopped!, closed!\n\
         draining: half-open, same, open!, stopped, closed\n\
         stopped: -, same, same, -, closed\n"
    );
}

#[test]
fn what_a_gate_says_is_what_the_rule_allows() {
    for (name, state) in states() {
        let (_, admitted) = &events()[0];
        let takes = gate(&state, at(NOW)) == Gate::Take;
        assert_eq!(takes, step(&state, admitted, at(NOW)).is_some(), "{name}");
    }
}

#[test]
fn it_opens_above_a_fifth_of_enough_attempts() {
    let after = |ok, failed| {
        let event = Event::Counted {
            by: me(),
            ok: false,
            window: counts(ok, failed),
        };
        step(&State::closed(), &event, at(NOW))
            .unwrap()
            .state
            .name()
    };
    assert_eq!(after(0, 19), "closed", "too few to say");
    assert_eq!(after(0, 20), "open");
    assert_eq!(after(16, 4), "closed", "20% is not above 20%");
    assert_eq!(after(15, 5), "open");
    assert_eq!(after(1000, 250), "closed");
    assert_eq!(after(1000, 251), "open");
}

#[test]
fn a_failed_probe_opens_it_for_as_long_again() {
    let (_, failed) = &events()[2];
    let probed = open(NOW, Some(("me", NOW + 60)));
    let next = step(&probed, failed, at(NOW + 7)).unwrap();
    assert_eq!(next.effect, None, "people know already");
    let expected = State::Open {
        since: at(NOW - 1000),
        until: at(NOW + 7 + 900),
        probe: None,
    };
    assert_eq!(next.state, expected);
}

#[test]
fn a_drain_lets_one_through_at_a_time_and_ends_after_a_window() {
    let (_, admitted) = &events()[0];
    let draining = half_open(NOW, NOW, 1, 0);
    let next = step(&draining, admitted, at(NOW)).unwrap().state;
    assert_eq!(step(&next, admitted, at(NOW)), None, "the slot is taken");
    assert_eq!(
        gate(&next, at(NOW)),
        Gate::Draining(at(NOW) + Duration::from_millis(200))
    );
    let over = at(NOW + 300);
    assert_eq!(step(&next, admitted, over).unwrap().state, State::closed());
}

#[test]
fn a_success_opens_nothing_whatever_failed_before() {
    let state = closed(3, 16);
    let count = |ok| {
        let (by, window) = (me(), Window::of(ok, at(NOW)));
        let event = Event::Counted { by, ok, window };
        step(&state, &event, at(NOW)).unwrap().state
    };
    assert_eq!(
        [count(true).name(), count(false).name()],
        ["closed", "open"]
    );
}

#[test]
fn twenty_failures_in_a_row_open_it_however_much_succeeded_before() {
    let mut busy = Window::default();
    (0..1_000).for_each(|_| busy.count(true, at(NOW)));
    let mut state = State::counting(busy, 0);
    let count = |state: &State, ok| {
        let (by, window) = (me(), Window::of(ok, at(NOW)));
        step(state, &Event::Counted { by, ok, window }, at(NOW))
            .unwrap()
            .state
    };
    for ok in [false; 19].into_iter().chain([true]).chain([false; 19]) {
        state = count(&state, ok);
        assert_eq!(state.name(), "closed");
    }
    assert_eq!(count(&state, false).name(), "open");
}

#[test]
fn four_failures_do_not_end_a_drain_and_five_of_twenty_four_do() {
    let (_, failed) = &events()[2];
    let after = |admitted, before| {
        let draining = half_open(NOW - 10, NOW, admitted, before);
        step(&draining, failed, at(NOW)).unwrap().state.name()
    };
    assert_eq!(
        [after(4, 3), after(24, 4), after(25, 4)],
        ["half-open", "open", "half-open"]
    );
}

/// A breaker and the time, moved by random events as deliveries and people cause them.
#[derive(Debug, Clone)]
enum Move {
    Pass(u64),
    Ask(u8),
    End(u8, bool),
    Stop,
    Start,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0_u64..400).prop_map(Move::Pass),
        8 => (0_u8..4).prop_map(Move::Ask),
        12 => ((0_u8..4), prop::bool::weighted(0.4)).prop_map(|(who, ok)| Move::End(who, ok)),
        1 => Just(Move::Stop),
        1 => Just(Move::Start),
    ];
    prop::collection::vec(one, 1..200)
}

fn event(one: &Move, now: Timestamp) -> Option<Event> {
    let owner = |who: &u8| Owner(who.to_string().into());
    Some(match one {
        Move::Pass(_) => return None,
        Move::Ask(who) => Event::Admitted {
            owner: owner(who),
            lease: now + Duration::from_mins(1),
        },
        Move::End(who, ok) => Event::Counted {
            by: owner(who),
            ok: *ok,
            window: Window::of(*ok, now),
        },
        Move::Stop => Event::Stopped {
            by: "ann".to_owned(),
            reason: "r".to_owned(),
        },
        Move::Start => start(),
    })
}

fn is_announced(state: &State) -> bool {
    matches!(state, State::Open { .. })
}

proptest! {
    #[test]
    fn people_hear_of_a_breaker_as_long_as_it_is_open(moves in moves()) {
        let (mut state, mut now, mut heard) = (State::closed(), at(NOW), false);
        for one in &moves {
            if let Move::Pass(seconds) = one {
                now += Duration::from_secs(*seconds);
            }
            let next = event(one, now).and_then(|event| step(&state, &event, now));
            let Some(next) = next else { continue };
            heard = next.effect.map_or(heard, |effect| effect != Effect::Closed);
            state = next.state;
            prop_assert_eq!(heard, is_announced(&state), "{:?}", state);
        }
    }

    #[test]
    fn nothing_but_a_person_lets_work_past_an_open_breaker_before_its_time(moves in moves()) {
        let (mut state, mut now) = (State::closed(), at(NOW));
        for one in &moves {
            if let Move::Pass(seconds) = one {
                now += Duration::from_secs(*seconds);
            }
            let Some(event) = event(one, now) else { continue };
            let Some(next) = step(&state, &event, now) else { continue };
            if let State::Open { until, probe, .. } = &state {
                let by_person = matches!(event, Event::Stopped { .. } | Event::Started { .. });
                let waits = now < *until || probe.as_ref().is_some_and(|probe| now < probe.lease);
                if waits && !by_person && next.state != state {
                    let by = match &event { Event::Counted { by, .. } => Some(by), _ => None };
                    prop_assert_eq!(probe.as_ref().map(|probe| &probe.owner), by, "only its probe");
                }
            }
            state = next.state;
        }
    }

    #[test]
    fn a_state_is_read_as_it_was_written(moves in moves()) {
        let (mut state, now) = (State::closed(), at(NOW));
        for one in &moves {
            let next = event(one, now).and_then(|event| step(&state, &event, now));
            state = next.map_or(state, |next| next.state);
            let text = serde_json::to_string(&state).unwrap();
            prop_assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state.clone());
            prop_assert!(text.len() < 1024, "an item stays small: {}", text);
        }
    }
}
