//! The search: breadth first, so that a broken property is shown by a shortest history.

use std::collections::VecDeque;

use super::fingerprint::{Fingerprint, Known};
use super::scenario::Scenario;
use super::state::State;
use super::{act, check};

/// What a search came to.
#[derive(Debug)]
pub struct Report {
    /// How many states there are.
    pub states: usize,
    /// How many of them are quiet.
    pub quiet: usize,
    /// The first broken property, and a shortest history that leads to it.
    pub broken: Option<(&'static str, Vec<String>)>,
}

/// Explores every state of a scenario, or up to the first that breaks a property.
#[must_use]
pub fn search(scenario: &Scenario) -> Report {
    let first = act::first(scenario);
    let (mut known, mut quiet) = (Known::default(), 0);
    let start = Fingerprint::of(&first);
    known.add(start, start);
    let mut open = VecDeque::from([(start, first)]);
    let mut following = Vec::new();
    while let Some((here, state)) = open.pop_front() {
        quiet += usize::from(state.is_quiet());
        if let Some(broken) = check::broken(&state, scenario) {
            return Report {
                states: known.len(),
                quiet,
                broken: Some((broken, history(&known.path(here), scenario))),
            };
        }
        act::following(&state, scenario, &mut following);
        for next in following.drain(..).map(State::normal) {
            let there = Fingerprint::of(&next);
            if known.add(there, here) {
                open.push_back((there, next));
            }
        }
    }
    Report {
        states: known.len(),
        quiet,
        broken: None,
    }
}

/// The states along a path of fingerprints, replayed.
fn history(path: &[Fingerprint], scenario: &Scenario) -> Vec<String> {
    let mut state = act::first(scenario);
    let mut lines = vec![format!("{state:?}")];
    for fingerprint in path.iter().skip(1) {
        let mut following = Vec::new();
        act::following(&state, scenario, &mut following);
        let mut following = following.into_iter().map(State::normal);
        let Some(found) = following.find(|next| Fingerprint::of(next) == *fingerprint) else {
            break;
        };
        state = found;
        lines.push(format!("{state:?}"));
    }
    lines
}
