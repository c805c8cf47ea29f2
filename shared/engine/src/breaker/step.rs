//! The one function by which a breaker changes its state.

use std::time::Duration;

use jiff::Timestamp;

use super::{DRAIN_FOR, MINIMUM_VOLUME, ONE_IN, OPEN_FOR, Probe, RELAPSE, SPACING, State, Window};
use crate::entry::Owner;
use crate::operation::Mark;

/// What happened to a breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A delivery takes the probe or the next slot.
    Admitted {
        /// Whose.
        owner: Owner,
        /// When its attempt counts as lost.
        lease: Timestamp,
    },
    /// An attempt ended.
    Counted {
        /// Whose.
        by: Owner,
        /// Whether it succeeded.
        ok: bool,
        /// Its outcome, with others that were not written yet.
        window: Window,
    },
    /// A person stopped it.
    Stopped {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person started it.
    Started {
        /// Who.
        by: String,
        /// Why, where it was said.
        reason: Option<String>,
    },
}

/// What a person should hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It opened: so many of so many attempts failed.
    Opened {
        /// Attempts that failed.
        failed: u64,
        /// All attempts.
        total: u64,
    },
    /// It lets work through again, or a person has it in hand. Said when a probe succeeds and not
    /// when the drain ends: that shows with the next message only, which may be days away.
    Closed,
}

/// The next state, and what a person should hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The state.
    pub state: State,
    /// What a person should hear.
    pub effect: Option<Effect>,
}

/// Applies what happened to the state that it happened in; `None`: it is not possible there.
///
/// | from | admitted | counted | stopped | started |
/// |---|---|---|---|---|
/// | closed | | closed, open¹ | stopped | |
/// | open | open² | open, half-open³ | stopped | closed |
/// | half-open | half-open⁴, closed⁵ | half-open, open⁶ | stopped | closed |
/// | stopped | | stopped | | closed |
///
/// ¹ over 20% of at least 20 failed, or 20 in a row · ² after its time, while no probe is under way · ³ the probe
/// succeeded; a failed one opens it anew · ⁴ once a slot · ⁵ drained without a relapse · ⁶ over
/// 20% of those that passed failed, and five or more
#[must_use]
pub fn step(state: &State, event: &Event, now: Timestamp) -> Option<Next> {
    match (state, event) {
        (State::Closed { .. } | State::Stopped { .. }, Event::Admitted { .. })
        | (State::Stopped { .. }, Event::Stopped { .. })
        | (State::Closed { .. }, Event::Started { .. }) => None,
        (state, Event::Started { by, reason }) => {
            Some(by_person(state, started(by, reason.as_deref(), now)))
        }
        (state, Event::Stopped { by, reason }) => Some(by_person(state, stopped(by, reason, now))),
        (State::Stopped { .. }, Event::Counted { .. }) => Some(quietly(state.clone())),
        (
            State::Closed {
                window,
                row,
                started,
            },
            Event::Counted {
                ok, window: more, ..
            },
        ) => {
            let next = counted((window, *row), more, *ok, now);
            Some(next.remembering(started.as_ref()))
        }
        (State::Open { .. }, Event::Counted { by, ok, .. }) => Some(probed(state, by, *ok, now)),
        (State::HalfOpen { .. }, Event::Counted { window, .. }) => drained(state, window, now),
        (State::Open { .. }, Event::Admitted { owner, lease }) => {
            probe(state, owner, *lease, now).map(quietly)
        }
        (State::HalfOpen { .. }, Event::Admitted { .. }) => slot(state, now),
    }
}

impl Next {
    /// The same, where it stays closed, with who started it.
    fn remembering(mut self, mark: Option<&Mark>) -> Self {
        if let State::Closed { started, .. } = &mut self.state {
            *started = mark.cloned();
        }
        self
    }
}

fn quietly(state: State) -> Next {
    let effect = None;
    Next { state, effect }
}

fn by_person(before: &State, state: State) -> Next {
    let announced = matches!(before, State::Open { .. });
    let effect = announced.then_some(Effect::Closed);
    Next { state, effect }
}

fn opened(failed: u64, total: u64, now: Timestamp) -> Next {
    Next {
        state: open(now, now),
        effect: Some(Effect::Opened { failed, total }),
    }
}

fn open(since: Timestamp, now: Timestamp) -> State {
    State::Open {
        since,
        until: after(now, OPEN_FOR),
        probe: None,
    }
}

pub(super) fn after(at: Timestamp, time: Duration) -> Timestamp {
    at.saturating_add(time).unwrap_or(at)
}

fn stopped(by: &str, reason: &str, now: Timestamp) -> State {
    State::Stopped {
        by: by.to_owned(),
        at: now,
        reason: reason.to_owned(),
    }
}

fn started(by: &str, reason: Option<&str>, now: Timestamp) -> State {
    State::Closed {
        window: Window::default(),
        row: 0,
        started: Some(Mark {
            by: by.to_owned(),
            at: now,
            reason: reason.map(str::to_owned),
        }),
    }
}

/// Only a failure opens a breaker: a success that comes later, when the failures are over, must
/// not, however many there were.
fn counted((window, row): (&Window, u64), more: &Window, ok: bool, now: Timestamp) -> Next {
    let mut window = window.clone();
    window.add(more, now);
    if ok {
        return quietly(State::counting(window, 0));
    }
    let (passed, failed) = window.totals();
    let total = passed.saturating_add(failed);
    let row = in_a_row(row, more.totals()).min(failed);
    if row >= MINIMUM_VOLUME {
        return opened(row, row, now);
    }
    if total >= MINIMUM_VOLUME && is_too_many(failed, total) {
        return opened(failed, total, now);
    }
    quietly(State::counting(window, row))
}

/// Failures in a row, after some more outcomes. When the successes among them were is not known,
/// but that they are told with a failure that came after them.
fn in_a_row(row: u64, (ok, failed): (u64, u64)) -> u64 {
    if ok == 0 {
        row.saturating_add(failed)
    } else {
        failed.min(1)
    }
}

fn is_too_many(failed: u64, total: u64) -> bool {
    failed.saturating_mul(ONE_IN) > total
}

fn probed(state: &State, by: &Owner, ok: bool, now: Timestamp) -> Next {
    match state {
        State::Open { .. } if state.is_probed_by(by) && ok => Next {
            state: State::HalfOpen {
                since: now,
                next: after(now, SPACING),
                admitted: 1,
                failed: 0,
            },
            effect: Some(Effect::Closed),
        },
        State::Open { since, .. } if state.is_probed_by(by) => quietly(open(*since, now)),
        other => quietly(other.clone()),
    }
}

fn probe(state: &State, owner: &Owner, lease: Timestamp, now: Timestamp) -> Option<State> {
    let State::Open {
        since,
        until,
        probe,
    } = state
    else {
        return None;
    };
    let free = probe.as_ref().is_none_or(|probe| probe.lease <= now);
    (*until <= now && free).then(|| State::Open {
        since: *since,
        until: *until,
        probe: Some(Probe {
            owner: owner.clone(),
            lease,
        }),
    })
}

fn slot(state: &State, now: Timestamp) -> Option<Next> {
    let State::HalfOpen {
        since,
        next,
        admitted,
        failed,
    } = state
    else {
        return None;
    };
    if after(*since, DRAIN_FOR) <= now {
        return Some(quietly(State::closed()));
    }
    (*next <= now).then(|| {
        quietly(State::HalfOpen {
            since: *since,
            next: after(now, SPACING),
            admitted: admitted.saturating_add(1),
            failed: *failed,
        })
    })
}

fn drained(state: &State, more: &Window, now: Timestamp) -> Option<Next> {
    let State::HalfOpen {
        since,
        next,
        admitted,
        failed,
    } = state
    else {
        return None;
    };
    let failed = failed.saturating_add(more.totals().1);
    let admitted = *admitted.max(&failed);
    if failed >= RELAPSE && is_too_many(failed, admitted) {
        return Some(opened(failed, admitted, now));
    }
    Some(quietly(State::HalfOpen {
        since: *since,
        next: *next,
        admitted,
        failed,
    }))
}
