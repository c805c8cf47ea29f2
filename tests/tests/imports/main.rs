//! Rows of a file as records: each under the rules of its type, each once, whatever dies.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is missing fails the test"
)]

mod bulk;
mod fixture;
mod mistakes;
mod told;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use holdfast_engine::import::{Batch, Rehearsal, Verdict, apply, rehearse};
use holdfast_engine::port::{Item, Key, Ports as _, Table};
use holdfast_tests::faulty::{Fault, Faults, Faulty, Interrupted, Schedule, When};
use holdfast_tests::memory::Memory;
use holdfast_tests::ready::ready;
use serde_json::{Value as Json, json};

use fixture::{batch, import, imported, items, memory, record, verdicts};

#[test]
fn rows_become_records_and_the_same_rows_of_another_file_change_nothing() {
    let memory = memory();
    let rows = [
        json!({ "number": "1", "email": "Ann@Example.COM", "phone": "202 456 1111", "total": "12.5" }),
        json!({ "number": "2", "name": "Bob" }),
    ];
    let outcomes = imported(&memory, &batch(&import("a", 2), 1, &rows));
    assert_eq!(verdicts(&outcomes), [Verdict::Created, Verdict::Created]);
    let ann = record(&memory, &outcomes[0]);
    assert_eq!(
        Json::Object(ann.fields),
        json!({ "number": "1", "email": "Ann@example.com", "phone": "+12024561111", "total": "12.5" })
    );
    let again = imported(&memory, &batch(&import("b", 2), 1, &rows));
    assert_eq!(verdicts(&again), [Verdict::Unchanged, Verdict::Unchanged]);
    assert_eq!(record(&memory, &again[0]).version, 1);
}

#[test]
fn what_a_row_does_not_say_stays_and_what_it_says_is_new() {
    let memory = memory();
    let first = [json!({ "number": "1", "name": "Ann", "phone": "+12024561111" })];
    let created = imported(&memory, &batch(&import("a", 1), 1, &first));
    let second = [json!({ "number": "1", "name": "Ann Lee", "phone": null })];
    let updated = imported(&memory, &batch(&import("b", 1), 1, &second));
    assert_eq!(verdicts(&updated), [Verdict::Updated]);
    assert_eq!(created[0].record, updated[0].record);
    let ann = record(&memory, &updated[0]);
    let expected = json!({ "number": "1", "name": "Ann Lee", "phone": "+12024561111" });
    assert_eq!((Json::Object(ann.fields), ann.version), (expected, 2));
}

#[test]
fn a_timeline_tells_which_row_of_whose_import_it_was() {
    let memory = memory();
    let rows = |name: &str| [json!({ "number": "1", "name": name })];
    imported(&memory, &batch(&import("a", 1), 1, &rows("Ann")));
    imported(&memory, &batch(&import("b", 1), 1, &rows("Ann")));
    let outcomes = imported(&memory, &batch(&import("c", 1), 1, &rows("Ann Lee")));
    let told = fixture::told_of(&memory, &fixture::reference(&outcomes[0]));
    let lines: Vec<_> = told["lines"].as_array().unwrap().iter().collect();
    assert_eq!(
        lines.len(),
        2,
        "a row that changes nothing is not told: {told}"
    );
    assert_eq!(lines[0]["kind"], "created");
    assert_eq!(lines[1]["kind"], "changed");
    let by = lines[1]["by"].as_str().unwrap();
    assert!(by.starts_with("ann, import/") && by.ends_with("@1"), "{by}");
    assert_eq!(
        lines[1]["changes"],
        json!([{ "field": "name", "old": "Ann", "new": "Ann Lee" }])
    );
}

#[test]
fn rows_of_one_record_are_applied_in_the_order_of_the_file() {
    let memory = memory();
    let rows: Vec<Json> = (0..50)
        .map(|row| json!({ "number": (row % 2).to_string(), "name": format!("name {row}") }))
        .collect();
    let outcomes = imported(&memory, &batch(&import("a", 50), 1, &rows));
    assert_eq!(
        outcomes.iter().map(|one| one.row).collect::<Vec<_>>(),
        (1..=50).collect::<Vec<_>>()
    );
    assert_eq!(record(&memory, &outcomes[48]).fields["name"], "name 48");
    assert_eq!(record(&memory, &outcomes[49]).fields["name"], "name 49");
}

#[test]
fn a_repetition_tells_the_same_and_undoes_nothing_that_came_since() {
    let memory = memory();
    let rows = [
        json!({ "number": "1", "name": "Ann" }),
        json!({ "number": "1", "name": "Bea" }),
        json!({ "number": "1", "name": "Bea" }),
    ];
    let first = imported(&memory, &batch(&import("a", 3), 1, &rows));
    assert_eq!(
        verdicts(&first),
        [Verdict::Created, Verdict::Updated, Verdict::Unchanged]
    );
    imported(
        &memory,
        &batch(
            &import("b", 1),
            1,
            &[json!({ "number": "1", "name": "Cleo" })],
        ),
    );
    let before = items(&memory);
    let again = imported(&memory, &batch(&import("a", 3), 1, &rows));
    assert_eq!(again, first);
    assert_eq!(items(&memory), before);
}

#[test]
fn a_record_that_was_deleted_since_does_not_begin_again() {
    let memory = memory();
    let rows = [json!({ "number": "1" })];
    let part = batch(&import("a", 1), 1, &rows);
    let first = imported(&memory, &part);
    fixture::delete(&memory, &first[0]);
    assert_eq!(imported(&memory, &part), first);
    assert!(record(&memory, &first[0]).deleted);
}

#[test]
fn a_rehearsal_tells_the_same_and_writes_nothing() {
    let memory = memory();
    imported(
        &memory,
        &batch(
            &import("a", 1),
            1,
            &[json!({ "number": "1", "name": "Ann" })],
        ),
    );
    let rows = [
        json!({ "number": "1", "name": "Ann" }),
        json!({ "number": "2" }),
        json!({ "number": "2", "name": "Bob" }),
        json!({ "number": "3", "email": "no" }),
    ];
    let before = memory.snapshot();
    let mut seen = Rehearsal::default();
    let told = ready(rehearse(
        &memory,
        &batch(&import("b", 6), 1, &rows),
        &mut seen,
    ))
    .unwrap();
    let later = [
        json!({ "number": "2", "name": "Bo" }),
        json!({ "number": "4" }),
    ];
    let later = ready(rehearse(
        &memory,
        &batch(&import("b", 6), 5, &later),
        &mut seen,
    ))
    .unwrap();
    assert_eq!(memory.snapshot(), before);
    let expected = [
        Verdict::Unchanged,
        Verdict::Created,
        Verdict::Updated,
        Verdict::Review,
    ];
    assert_eq!(verdicts(&told), expected);
    assert_eq!(verdicts(&later), [Verdict::Updated, Verdict::Created]);
    let done = imported(&memory, &batch(&import("b", 6), 1, &rows));
    assert_eq!(verdicts(&done), expected);
}

/// A part with everything that a row can come to.
fn mixed() -> Vec<Json> {
    vec![
        json!({ "number": "1", "name": "Ann" }),
        json!({ "number": "2", "email": "b@example.com" }),
        json!({ "number": "2", "email": "c@example.com" }),
        json!({ "number": "3", "total": "-1" }),
        json!({ "number": "4", "phone": "nobody" }),
        json!({ "name": "nobody" }),
        json!({ "number": "5" }),
    ]
}

/// Applies a part, and dies at the call with this number; `false`: there was no such call.
fn dies(memory: &Arc<Memory>, call: u64, when: When) -> bool {
    let faults = Arc::new(Faults::default());
    let ports = Faulty::new(Arc::clone(memory), &faults);
    faults.schedule(Schedule::Nth(call, Interrupted::crash(when)));
    let part = batch(&import("a", 200), 1, &mixed());
    let mut applied = pin!(apply(&ports, &part));
    let polled = applied
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    let died = faults.died();
    assert_eq!(died, polled.is_pending(), "it waits for nothing");
    died
}

/// Everything that is stored but figures about data, which die with whoever counted.
fn lasting(memory: &Memory) -> Vec<(Key, Item)> {
    let stored = items(memory).into_iter();
    stored
        .filter(|(key, _)| !key.partition.ends_with("#quality"))
        .collect()
}

#[test]
fn a_part_that_dies_at_any_call_and_is_applied_again_comes_to_the_same_end() {
    let prepared = || {
        let memory = Arc::new(memory());
        let given = [
            json!({ "number": "1", "name": "Ann" }),
            json!({ "number": "5", "total": "7" }),
        ];
        imported(&memory, &batch(&import("given", 2), 1, &given));
        memory
    };
    let calm = prepared();
    let told = imported(&calm, &batch(&import("a", 200), 1, &mixed()));
    let (end, counts) = (
        (lasting(&calm), fixture::events(&calm)),
        told::counted(&calm),
    );
    assert_eq!(end.1.len(), 1, "one workflow wants them together");
    let mut deaths = 0;
    for when in [When::Before, When::After] {
        for call in 1.. {
            let memory = prepared();
            if !dies(&memory, call, when) {
                break;
            }
            deaths += 1;
            let again = imported(&memory, &batch(&import("a", 200), 1, &mixed()));
            assert_eq!(again, told, "died {when:?} call {call}");
            assert_eq!(
                (lasting(&memory), fixture::events(&memory)),
                end,
                "died {when:?} call {call}"
            );
            let counted = told::counted(&memory);
            assert!(counted.passed <= counts.passed, "died {when:?} call {call}");
            assert!(counted.passed >= 2, "what was given is counted");
        }
    }
    assert!(deaths > 16, "it makes calls: {deaths}");
    assert!(!calm.journal_items(Table::Operations).is_empty());
}

#[test]
fn a_store_that_asks_for_fewer_calls_gets_the_rest_later() {
    let calm = memory();
    let part = batch(&import("a", 2), 1, &mixed()[..2]);
    let told = imported(&calm, &part);
    for when in [When::Before, When::After] {
        let (memory, faults) = (Arc::new(memory()), Arc::new(Faults::default()));
        let ports = Faulty::new(Arc::clone(&memory), &faults);
        let fault = Fault::Throttle;
        let commit = first_commit(&part);
        faults.schedule(Schedule::Nth(commit, Interrupted { fault, when }));
        let mut applied = pin!(apply(&ports, &part));
        let context = &mut Context::from_waker(Waker::noop());
        assert!(applied.as_mut().poll(context).is_pending(), "it waits");
        memory
            .clock()
            .advance_to(memory.clock().next_wake().unwrap());
        let Poll::Ready(outcomes) = applied.as_mut().poll(context) else {
            panic!("it goes on");
        };
        assert_eq!(outcomes.unwrap(), told, "{when:?}");
        let rows = |memory: &Memory| items(memory).len();
        assert_eq!(rows(&memory), rows(&calm), "{when:?}");
    }
}

/// The number of the first call that writes.
fn first_commit(part: &Batch) -> u64 {
    for call in 1.. {
        let memory = Arc::new(memory());
        let faults = Arc::new(Faults::default());
        let ports = Faulty::new(Arc::clone(&memory), &faults);
        faults.schedule(Schedule::Nth(call, Interrupted::crash(When::Before)));
        let mut applied = pin!(apply(&ports, part));
        let polled = applied
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "it writes");
        // The other row is written meanwhile.
        if !items(&memory).is_empty() {
            return call;
        }
    }
    unreachable!("a row is written")
}

/// What the journal in memory holds of a table.
trait JournalItems {
    fn journal_items(&self, table: Table) -> Vec<Key>;
}

impl JournalItems for Memory {
    fn journal_items(&self, table: Table) -> Vec<Key> {
        let journal = self.journal();
        let items = journal.items(table, "").into_iter();
        items.map(|(key, _)| key).collect()
    }
}
