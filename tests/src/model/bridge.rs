//! The model's small values as the engine's, and back: every decision is the engine's.

use holdfast_engine::contract::{
    Arrival, OnceClaim, OnceState, OnceVerdict, Reaction, ask, on_arrival,
};
use holdfast_engine::entry::{self, Occurred, Owner, Progress};
use holdfast_engine::id::{ExecutionRef, StepKey};
use holdfast_engine::port::MessageId;
use jiff::Timestamp;

use super::scenario::Scenario;
use super::state::{Entry, Life, Named, Once, State, Worker};

pub(super) fn at(tick: u8) -> Timestamp {
    Timestamp::from_second(i64::from(tick)).unwrap_or_default()
}

fn tick(moment: Timestamp) -> u8 {
    u8::try_from(moment.as_second()).unwrap_or(u8::MAX)
}

pub(super) fn owner(number: u8) -> Owner {
    Owner(number.to_string().into())
}

pub(super) fn message(id: u8) -> MessageId {
    MessageId(id.to_string())
}

fn engine_state(life: Life) -> entry::State {
    match life {
        Life::Started { owner: who, lease } => entry::State::Started {
            owner: owner(who),
            lease: at(lease),
        },
        Life::Retrying { due } => entry::State::Retrying { due: at(due) },
        Life::Succeeded => entry::State::Succeeded,
        Life::Failed {
            message: id,
            created: stamp,
            at: when,
        } => entry::State::Failed {
            message: message(id),
            created: at(stamp),
            at: at(when),
        },
        Life::Unknown => entry::State::Unknown,
        Life::FellBack => entry::State::FellBack,
    }
}

fn model_state(state: &entry::State) -> Life {
    match state {
        entry::State::Started { owner, lease } => Life::Started {
            owner: owner.0.parse().unwrap_or_default(),
            lease: tick(*lease),
        },
        entry::State::Retrying { due } => Life::Retrying { due: tick(*due) },
        entry::State::Failed {
            message,
            created,
            at,
        } => Life::Failed {
            message: message.0.parse().unwrap_or_default(),
            created: tick(*created),
            at: tick(*at),
        },
        entry::State::Unknown => Life::Unknown,
        entry::State::FellBack => Life::FellBack,
        _ => Life::Succeeded,
    }
}

pub(super) fn progress(entry: Option<&Entry>) -> Progress {
    entry.map_or(Progress::FIRST, |entry| Progress {
        attempt: entry.attempt.into(),
        maybe: entry.maybe,
    })
}

/// The entry after what happened; `None`: the contract does not allow it.
pub(super) fn transition(
    before: Option<&Entry>,
    occurred: &Occurred,
    names: Option<Named>,
) -> Option<Entry> {
    let state = before.map(|entry| engine_state(entry.life));
    let from = state.as_ref().map(|state| (state, progress(before)));
    let (state, progress) = entry::transition(from, occurred).ok()?;
    Some(Entry {
        revision: before.map_or(1, |entry| entry.revision + 1),
        life: model_state(&state),
        attempt: u8::try_from(progress.attempt).unwrap_or(u8::MAX),
        maybe: progress.maybe,
        names,
    })
}

/// What the engine does with a worker's message.
pub(super) fn reaction(worker: &Worker, now: u8, scenario: &Scenario) -> Reaction {
    let id = message(worker.message.id);
    let arrival = Arrival {
        message: &id,
        created: at(worker.message.created),
        sent: at(worker.message.sent),
        now: at(now),
        boot: None,
    };
    let state = worker.entry.map(|entry| engine_state(entry.life));
    on_arrival(
        state.as_ref(),
        &scenario.terms(worker.message.step),
        &arrival,
    )
}

pub(super) fn due(moment: Timestamp, state: &State) -> u8 {
    tick(moment).max(state.now)
}

/// What a `once` key says to a step: free, suppressed or held.
pub(super) fn asked(once: Option<Once>, step: usize) -> OnceVerdict {
    let names = |step: usize| -> Option<(ExecutionRef, StepKey)> {
        let letter = if step == 2 { "b" } else { "a" }.repeat(26);
        let execution = format!("t/deal/1/w/{letter}").parse().ok()?;
        Some((execution, "s.1".parse().ok()?))
    };
    let claim = once.and_then(|once| {
        let (execution, step) = names(once.holder.into())?;
        let state = if once.done {
            let (output, until) = (serde_json::Value::Null, None);
            OnceState::Done { output, until }
        } else {
            OnceState::Pending
        };
        Some(OnceClaim {
            execution,
            generation: 1,
            step,
            state,
        })
    });
    match names(step) {
        Some((execution, key)) => ask(claim, (&execution, 1, &key), at(0)),
        None => OnceVerdict::Held,
    }
}
