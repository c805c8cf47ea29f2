//! What is implied by another condition is asked for, so that the journal in memory has looked at
//! it.

use std::collections::BTreeSet;

use holdfast_tests::memory::{Condition, JUDGED, Judgement};
use holdfast_tests::whole::{Scenario, Storm};
use holdfast_tests::world::{Policy, run_seed};

use crate::{batches, by_hand, moves, reruns};

/// The conditions of a whole Holdfast, of random schedules, of re-runs, of moves, of changes
/// by hand, and of batches.
fn asked() -> BTreeSet<Condition> {
    let mut asked = BTreeSet::new();
    for scenario in [Scenario::orders(), Scenario::mended(), Scenario::dental()] {
        asked.extend(Storm::of(&scenario, 1).conditions);
    }
    let pack = Policy::Review.pack();
    for seed in 0..50 {
        asked.extend(run_seed(seed, Policy::Review, &pack, None).conditions);
    }
    asked.extend(by_hand::asked());
    asked.extend(reruns::asked());
    asked.extend(moves::asked());
    asked.extend(batches::asked());
    asked
}

#[test]
fn what_another_condition_implies_is_asked_for() {
    let asked = asked();
    let implied = JUDGED
        .into_iter()
        .filter(|(.., judgement)| !matches!(judgement, Judgement::Needed(_)));
    let never: Vec<_> = implied
        .map(|(kind, guards, _)| Condition(kind, guards))
        .filter(|condition| !asked.contains(condition))
        .collect();
    assert_eq!(never, []);
}
