//! Steps that call once for many executions.

#[expect(dead_code, reason = "each test file uses a part of the fixture")]
mod collecting;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use collecting::{BATCHED, Looked, Mood, Office};
use holdfast_engine::key::{PASSES_AFTER, passes};
use holdfast_engine::operation::Status;
use holdfast_engine::port::{Ports as _, Table};
use holdfast_tests::faulty::Schedule;
use holdfast_tests::random::Random;
use holdfast_tests::world::{Crew, Witness};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// Executions of an import.
const MANY: usize = 5_000;

/// The keys that each input was sent under.
fn keys(calls: &[Looked]) -> BTreeMap<u64, BTreeSet<&str>> {
    let mut keys: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for call in calls {
        for input in &call.inputs {
            keys.entry(*input).or_default().insert(&call.key);
        }
    }
    keys
}

#[test]
fn five_thousand_contacts_are_looked_up_by_five_calls_within_ninety_seconds() {
    let office = Office::of(BATCHED);
    let began = office.world.now();
    office.import(MANY);
    let ended = Crew::new(&office.world, 1, 10, 40).run_for(90 * Duration::from_secs(1));
    let took: Duration = office.world.now().duration_since(began).try_into().unwrap();
    let calls = office.calls();
    let sizes: Vec<_> = calls.iter().map(|call| call.inputs.len()).collect();
    let refused = calls.iter().filter(|call| !call.answered).count();
    println!("{MANY} contacts: {sizes:?} in {took:?}, {refused} refused");
    assert!(ended, "all is over within ninety seconds");
    assert_eq!((sizes, refused), (vec![1000; 5], 0));
    assert_eq!(office.done(), MANY);
}

#[test]
fn five_thousand_contacts_one_by_one_take_ten_minutes_and_none_is_refused() {
    let office = Office::of("retry: standard");
    let began = office.world.now();
    office.import(MANY);
    assert!(Crew::new(&office.world, 2, 10, 40).run_for(HOUR));
    let took: Duration = office.world.now().duration_since(began).try_into().unwrap();
    let calls = office.calls();
    let refused = calls.iter().filter(|call| !call.answered).count();
    println!(
        "{MANY} contacts: {} calls in {took:?}, {refused} refused",
        calls.len()
    );
    assert_eq!((calls.len(), refused), (MANY, 0));
    assert_eq!(took, Duration::from_millis(637_373));
}

#[test]
fn each_input_is_of_one_call_whatever_crashes_or_is_repeated() {
    let (mut calls, mut batches) = (0, 0);
    for seed in 0..30 {
        let office = Office::of("batch: { window: 30s, max: 7 }");
        office.import(25);
        let faults = &office.world.faults;
        let percent = [0, 2, 5][usize::try_from(seed % 3).unwrap()];
        faults.schedule(Schedule::Seeded(Random::new(seed), percent));
        Crew::new(&office.world, seed, 3, 8)
            .repeating(10)
            .run_for(HOUR);
        faults.schedule(Schedule::Never);
        office.world.redrive();
        Crew::new(&office.world, seed, 3, 8).run_for(2 * HOUR);
        assert_eq!(office.done(), 25, "seed {seed}");
        let seen = office.calls();
        for (input, keys) in keys(&seen) {
            assert_eq!(keys.len(), 1, "seed {seed}: {input} under {keys:?}");
        }
        let of: BTreeSet<_> = seen.iter().map(|call| &call.key).collect();
        for key in &of {
            let all = seen.iter().filter(|call| call.key == **key);
            let inputs: BTreeSet<_> = all.map(|call| &call.inputs).collect();
            assert_eq!(inputs.len(), 1, "seed {seed}: a repetition is the same");
        }
        assert!(seen.iter().all(|call| call.inputs.len() <= 7));
        calls += seen.len();
        batches += of.len();
    }
    println!("{calls} calls of {batches} batches for 750 inputs");
    assert!(calls > batches, "some were repeated");
}

#[test]
fn a_batch_that_waits_for_its_turn_is_one_message() {
    let office = Office::of("batch: { window: 30s, max: 10 }\n    rate: 1/m");
    office.import(20);
    office.world.run_for(Duration::from_secs(50));
    assert_eq!(office.calls().len(), 1, "the other one waits");
    let bodies = office.world.memory.queue().bodies("look-up");
    let batches = bodies.iter().filter(|body| body.contains("\"batch\":{"));
    assert_eq!(batches.count(), 1);
    office.world.run_for(5 * MINUTE);
    assert_eq!((office.calls().len(), office.done()), (2, 20));
}

#[test]
fn a_batch_that_fails_is_one_error_and_its_redrive_mends_everybody() {
    let office = Office::of(BATCHED);
    office.import(20);
    office.is(Mood::Short);
    office.world.run_for(10 * MINUTE);
    let seen = Witness::of(&office.world);
    let codes: Vec<_> = seen
        .errors
        .iter()
        .map(|error| error.code.as_str())
        .collect();
    assert_eq!(codes, ["InvalidResponse"]);
    assert_eq!(office.entries("find.1").len(), 0, "they wait");
    office.is(Mood::Each);
    office.world.redrive();
    office.world.run_for(10 * MINUTE);
    assert_eq!(office.done(), 20);
    let seen = Witness::of(&office.world);
    let open = seen
        .errors
        .iter()
        .filter(|error| error.handling.status == Status::Open);
    assert_eq!(open.count(), 0);
    assert_eq!(office.world.memory.queue().len(), 0);
}

#[test]
fn a_batch_is_tried_again_as_its_ladder_says_under_the_same_key() {
    let office = Office::of(BATCHED);
    office.import(20);
    office.is(Mood::Silent);
    office.world.run_for(2 * MINUTE);
    office.is(Mood::Each);
    office.world.run_for(10 * MINUTE);
    let calls = office.calls();
    assert!(calls.len() > 1 && calls.iter().all(|call| call.inputs.len() == 20));
    assert!(keys(&calls).values().all(|keys| keys.len() == 1));
    assert_eq!(office.done(), 20);
}

#[test]
fn an_answer_that_does_not_fit_fails_its_own_execution_alone() {
    let office = Office::of(BATCHED);
    office.import(10);
    office.is(Mood::AllButThree);
    office.world.run_for(10 * MINUTE);
    assert_eq!(office.done(), 9);
    let failed = office.entries("find.1").remove(&3).unwrap();
    assert_eq!(failed.state.name(), "failed");
    assert_eq!(failed.error.unwrap().code, "InvalidResponse");
}

#[test]
fn without_returns_all_share_what_the_function_keeps() {
    let office = Office::with(BATCHED);
    office.import(10);
    office.world.run_for(10 * MINUTE);
    let entries = office.entries("find.1");
    let status = Some(serde_json::json!({ "status": 200 }));
    assert_eq!(entries.len(), 10);
    assert!(entries.values().all(|entry| entry.output == status));
    assert_eq!(office.calls().len(), 1);
}

#[test]
fn inputs_for_different_calls_are_not_mixed() {
    let office = Office::of(BATCHED);
    office.import_at("/a", 5);
    office.import_at("/b", 5);
    office.import_at("/a", 5);
    office.world.run_for(10 * MINUTE);
    let calls = office.calls().into_iter();
    let sizes: BTreeMap<_, _> = calls.map(|call| (call.path, call.inputs.len())).collect();
    assert_eq!(sizes, [("/a".to_owned(), 10), ("/b".to_owned(), 5)].into());
    assert_eq!(office.done(), 15);
}

#[test]
fn whoever_comes_after_its_window_is_called_with_others_who_do() {
    let office = Office::of(BATCHED);
    office.import(5);
    office.world.memory.clock().advance(10 * MINUTE);
    office.world.run_for(Duration::from_secs(20));
    assert_eq!(office.done(), 5);
    assert_eq!(office.calls().len(), 1, "in one call");
}

/// How many inputs each call had.
fn sizes(office: &Office) -> Vec<usize> {
    let calls = office.calls().into_iter();
    calls.map(|call| call.inputs.len()).collect()
}

#[test]
fn a_full_batch_leaves_before_its_window_ends() {
    let office = Office::of("batch: { window: 2h, max: 50 }");
    office.import(120);
    office.world.run_for(MINUTE);
    assert_eq!(sizes(&office), [50, 50]);
    assert_eq!(office.done(), 100, "its members go on at once");
    office.world.run_for(HOUR);
    assert_eq!(office.done(), 100, "the rest waits for others");
    office.world.run_for(2 * HOUR);
    assert_eq!(sizes(&office), [50, 50, 20]);
    assert_eq!(office.done(), 120);
    assert_eq!(office.world.memory.queue().len(), 0);
}

#[test]
fn whoever_waits_for_a_full_batch_waits_at_most_twice_as_long_as_it_fills() {
    let office = Office::of("batch: { window: 12h, max: 7 }");
    for _ in 0..7 {
        office.world.run_for(MINUTE);
        office.import(1);
    }
    office.world.run_for(Duration::from_secs(5));
    assert_eq!(sizes(&office), [7]);
    office.world.run_for(7 * MINUTE);
    assert_eq!(office.done(), 7);
}

#[test]
fn batches_for_different_calls_are_full_by_themselves() {
    let office = Office::of("batch: { window: 2h, max: 5 }");
    office.import_at("/a", 7);
    office.import_at("/b", 5);
    office.import_at("/a", 2);
    office.world.run_for(MINUTE);
    let mut calls: Vec<_> = office
        .calls()
        .into_iter()
        .map(|call| (call.path, call.inputs.len()))
        .collect();
    calls.sort_unstable();
    let expected = [("/a", 5), ("/b", 5)].map(|(path, inputs)| (path.to_owned(), inputs));
    assert_eq!(calls, expected);
    office.world.run_for(3 * HOUR);
    assert_eq!(office.done(), 14);
}

/// Removes what lies in batches, as an adapter does long after it was written.
fn remove_passed(office: &Office) -> usize {
    let journal = office.world.memory.journal();
    let items = journal.items(Table::Claims, "t#").into_iter();
    let passed: Vec<_> = items.map(|(key, _)| key).filter(passes).collect();
    for key in &passed {
        journal.forget(key);
    }
    passed.len()
}

#[test]
fn whoever_comes_when_its_batch_is_removed_calls_nobody_and_a_person_is_asked() {
    let office = Office::of("batch: { window: 30s, max: 10 }");
    office.import(5);
    while office.calls().is_empty() {
        while office.calls().is_empty() && office.world.deliver().is_some() {}
        assert!(office.calls().len() == 1 || office.world.wait());
    }
    assert_eq!(
        office.done(),
        0,
        "it was called, and nobody knows the answer yet"
    );
    office.world.memory.clock().advance(PASSES_AFTER);
    assert!(
        remove_passed(&office) > 6,
        "members, the batch, and its answers"
    );
    office.world.run_for(HOUR);
    assert_eq!((office.calls().len(), office.done()), (1, 0));
    let operations = office.world.memory.journal().items(Table::Operations, "");
    let asked = operations.iter();
    let asked = asked.filter(|(_, item)| item.body.contains("due more than 30 days ago"));
    assert_eq!(asked.count(), 5);
}
