//! Every condition of a conditional write is needed: a journal that leaves one out breaks a
//! property of the step contract in some random schedule.

#![expect(
    clippy::print_stdout,
    reason = "which property each condition keeps is part of the report"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use holdfast_engine::definition::model::Pack;
use holdfast_tests::memory::Condition;
use holdfast_tests::world::{Policy, run_seed};

#[test]
fn explore() {
    let most = 3000;
    let packs: Vec<(Policy, Arc<Pack>)> = [Policy::Review, Policy::Retry, Policy::Fallback].map(|p| (p, p.pack())).into();
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        for (policy, pack) in &packs {
            seen.extend(run_seed(seed, *policy, pack, None).conditions);
        }
    }
    println!("{seen:#?}");
    let seen: Vec<Condition> = seen.into_iter().collect();
    std::thread::scope(|scope| {
        for half in seen.chunks(seen.len().div_ceil(2)) {
            let packs = &packs;
            scope.spawn(move || {
                for condition in half {
                    let mut found = None;
                    'all: for seed in 0..most {
                        for (policy, pack) in packs {
                            let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run_seed(seed, *policy, pack, Some(*condition)).broken)).unwrap_or_else(|_| vec!["panic".to_owned()]);
                            if !ran.is_empty() {
                                found = Some((seed, *policy, ran));
                                break 'all;
                            }
                        }
                    }
                    println!("{condition:?}: {found:?}");
                }
            });
        }
    });
}
