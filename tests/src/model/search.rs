//! The search: breadth first, so that a broken property is shown by a shortest history.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

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
    let mut parents = HashMap::from([(fingerprint(&first), None)]);
    let mut open = VecDeque::from([first]);
    let mut quiet = 0;
    while let Some(state) = open.pop_front() {
        let here = fingerprint(&state);
        quiet += usize::from(state.is_quiet());
        if let Some(broken) = check::broken(&state, scenario) {
            let history = history(&parents, here, scenario);
            let states = parents.len();
            let broken = Some((broken, history));
            return Report {
                states,
                quiet,
                broken,
            };
        }
        for next in act::following(&state, scenario) {
            let there = fingerprint(&next);
            parents.entry(there).or_insert_with(|| {
                open.push_back(next);
                Some(here)
            });
        }
    }
    let states = parents.len();
    Report {
        states,
        quiet,
        broken: None,
    }
}

fn fingerprint(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// The states from the first one on, replayed along the fingerprints.
fn history(parents: &HashMap<u64, Option<u64>>, end: u64, scenario: &Scenario) -> Vec<String> {
    let mut path: Vec<u64> = std::iter::successors(Some(end), |here| parents[here]).collect();
    path.reverse();
    let mut state = act::first(scenario);
    let mut lines = vec![format!("{state:?}")];
    for next in path.into_iter().skip(1) {
        let following = act::following(&state, scenario);
        let Some(found) = following.into_iter().find(|one| fingerprint(one) == next) else {
            break;
        };
        state = found;
        lines.push(format!("{state:?}"));
    }
    lines
}
