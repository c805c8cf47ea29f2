//! The conditions of conditional writes are needed: on a journal that leaves one of them out,
//! something is wrong in the end. What is known of each condition is in one list, and the journal
//! in memory takes no condition that is not in it.

#![expect(clippy::unwrap_used, reason = "a meeting that cannot begin fails")]

mod asked;
mod batches;
mod breakers;
mod by_hand;
#[path = "../collecting/mod.rs"]
#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod collecting;
mod events;
mod imports;
mod incidents;
mod moves;
#[path = "../outage/mod.rs"]
#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod outage;
#[path = "../alerts/outside.rs"]
#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod outside;
mod paths;
mod people;
mod posted;
#[path = "../promised/mod.rs"]
#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod promised;
mod promises;
mod quality;
mod rates;
mod reruns;
#[path = "../alerts/route.rs"]
#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod route;
mod schedules;
mod steps;
mod wishes;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use holdfast_tests::meeting::{Met, meetings};
use holdfast_tests::memory::{Condition, Guards, Kind, Proof, needed};

/// What comes to a wrong end without a condition, whichever call the first of two stops at.
type Meeting = fn(&[Condition], u64) -> Met;

/// Each condition with what shows that it is needed.
const MEETINGS: [(Kind, Guards, Meeting); 26] = [
    (Kind::AlertPath, Guards::Creation, paths::begun_twice),
    (Kind::AlertPath, Guards::Replacement, paths::proven_late),
    (Kind::Batch, Guards::Creation, batches::made_twice),
    (Kind::Breaker, Guards::Creation, breakers::stopped_at_once),
    (
        Kind::Breaker,
        Guards::Replacement,
        breakers::stopped_while_it_counts,
    ),
    (Kind::ErrorRecord, Guards::Creation, people::swept_twice),
    (
        Kind::ErrorRecord,
        Guards::Replacement,
        people::resolved_while_it_is_told,
    ),
    (Kind::HomeEvent, Guards::Creation, events::decided_twice),
    (Kind::Import, Guards::Creation, imports::begun_twice),
    (Kind::Import, Guards::Replacement, imports::told_twice),
    (Kind::Incident, Guards::Creation, incidents::begun_twice),
    (
        Kind::Incident,
        Guards::Replacement,
        incidents::counted_twice,
    ),
    (
        Kind::Incident,
        Guards::Removal,
        incidents::counted_while_it_ends,
    ),
    (
        Kind::Once,
        Guards::Replacement,
        steps::claimed_twice_when_it_expired,
    ),
    (
        Kind::Outcome,
        Guards::Creation,
        promises::met_while_it_is_missed,
    ),
    (
        Kind::Outcome,
        Guards::Replacement,
        promises::missed_while_it_is_met,
    ),
    (Kind::Posted, Guards::Creation, posted::two_ways),
    (Kind::Posted, Guards::Replacement, posted::three_ways),
    (Kind::Rate, Guards::Creation, rates::first_calls_at_once),
    (Kind::Rate, Guards::Replacement, rates::calls_at_once),
    (Kind::Quality, Guards::Creation, quality::begun_twice),
    (Kind::Quality, Guards::Replacement, quality::added_twice),
    (
        Kind::ReviewItem,
        Guards::Creation,
        people::sent_again_after_a_decision,
    ),
    (
        Kind::ReviewItem,
        Guards::Replacement,
        people::rejected_while_it_is_told,
    ),
    (
        Kind::Suppression,
        Guards::Creation,
        wishes::first_heard_at_once,
    ),
    (
        Kind::Suppression,
        Guards::Replacement,
        wishes::heard_at_once,
    ),
];

/// What is wrong; a meeting that never ends is.
fn wrong(meet: Meeting, ignored: &[Condition]) -> Vec<String> {
    let run = || meetings(meet, ignored);
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| vec!["it never ends".to_owned()])
}

#[test]
fn a_meeting_ends_well_and_without_its_condition_it_does_not() {
    for (kind, guards, meet) in MEETINGS {
        let condition = Condition(kind, guards);
        assert_eq!(meetings(meet, &[]), Vec::<String>::new(), "{condition:?}");
        let wrong = wrong(meet, &[condition]);
        let first = wrong.first();
        let first = first.unwrap_or_else(|| panic!("{condition:?} is left out, and all is well"));
        println!("{condition:?}: {first}");
    }
}

#[test]
fn every_condition_that_a_meeting_has_to_show_has_one() {
    let shown: BTreeSet<_> = MEETINGS
        .into_iter()
        .map(|(kind, guards, _)| Condition(kind, guards))
        .collect();
    assert_eq!(shown, needed(Proof::Meetings).into_iter().collect());
}
