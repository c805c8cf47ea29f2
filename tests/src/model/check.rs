//! The properties, asked in every state or when nothing moves.

use holdfast_engine::definition::model::Unknown;

use super::scenario::Scenario;
use super::state::{Life, State};

/// The property that a state breaks.
pub(super) fn broken(state: &State, scenario: &Scenario) -> Option<&'static str> {
    state
        .broken
        .or_else(|| always(state, scenario))
        .or_else(|| state.is_quiet().then(|| at_rest(state)).flatten())
        .or_else(|| state.is_quiet().then(|| parking(state, scenario)).flatten())
}

fn always(state: &State, scenario: &Scenario) -> Option<&'static str> {
    let [primary, fallback, other] = state.effects;
    if scenario.counts_effects() && state.effects.iter().any(|times| *times > 1) {
        return Some("P1: an effect happened twice");
    }
    if state.commits.iter().any(|times| *times > 1) {
        return Some("P4: one step changed a record twice");
    }
    if scenario.fallback && primary > 0 && fallback > 0 && scenario.unknown != Unknown::Fallback {
        return Some("P6: primary and fallback both took effect");
    }
    if scenario.once && primary > 0 && other > 0 {
        return Some("P7: two effects under one once key");
    }
    None
}

fn at_rest(state: &State) -> Option<&'static str> {
    for (step, entry) in state.entries.iter().enumerate() {
        let seen = state.seen[step];
        let dead = state.messages.iter().any(|message| message.step == step);
        let Some(entry) = entry else { continue };
        let over = step == 0 && state.generation > 1;
        match entry.life {
            Life::Succeeded if !dead && (seen.failure || seen.crash) => {
                return Some("P10: an error is open on a success");
            }
            Life::Succeeded if !dead && !over && !state.next_sent[step] => {
                return Some("P2: what follows was never sent");
            }
            Life::Failed { .. } if !seen.failure => {
                return Some("P5: a failed step has no open error");
            }
            Life::FellBack if !dead && state.entries[1].is_none() && !has(state, 1) => {
                return Some("P2: the fallback vanished");
            }
            Life::Unknown if !seen.review => return Some("P2: nobody sees an unknown outcome"),
            // Known: a worker that read before the re-run may claim after the old generation's
            // last message was dropped, and crash.
            Life::Started { .. } | Life::Retrying { .. } if over => {}
            Life::Started { .. } | Life::Retrying { .. } if !dead && !seen.crash => {
                return Some("P2: a step stands still and nobody sees it");
            }
            _ => {}
        }
    }
    let current = usize::from(state.generation > 1);
    let vanished = state.entries[current].is_none() && !has(state, current);
    vanished.then_some("P2: the step vanished")
}

/// Where no worker ever crashes, only what failed is dead-lettered.
fn parking(state: &State, scenario: &Scenario) -> Option<&'static str> {
    let failed = |step: usize| {
        let life = state.entries[step].map(|entry| entry.life);
        matches!(life, Some(Life::Failed { .. }))
    };
    let mut messages = state.messages.iter();
    let lost = scenario.crashes == 0 && messages.any(|one| !failed(one.step));
    lost.then_some("P8: what has not failed is dead-lettered")
}

fn has(state: &State, step: usize) -> bool {
    state.messages.iter().any(|message| message.step == step)
}
