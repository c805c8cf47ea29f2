//! More than a hundred records in one operation: workflows start for each record, for each part of
//! the operation, or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdfast_engine::event::{EventMessage, Origin};
use holdfast_engine::import::{Import, Outcome};
use holdfast_engine::port::{Delivery, MessageId, Ports as _, QueueName, Verdict};
use holdfast_engine::route::Router;
use holdfast_tests::memory::Memory;
use holdfast_tests::ready::ready;
use serde_json::{Value as Json, json};

use crate::fixture::{batch, import, imported, memory, messages, record, told_of};

fn delivery(memory: &Memory, queue: &str, body: &str) -> Delivery {
    use holdfast_engine::port::Clock as _;
    let now = memory.clock().now();
    Delivery {
        queue: QueueName::of(queue),
        message_id: MessageId("m".to_owned()),
        body: body.to_owned(),
        created: now,
        sent: now,
        receive_count: 1,
        last_receive: false,
    }
}

/// Watches every change, and routes every event; twice, as queues may deliver.
fn routed(memory: Memory) -> Arc<Memory> {
    for body in memory.queue().bodies("watch-records") {
        let delivery = delivery(&memory, "watch-records", &body);
        let verdict = ready(holdfast_watch_records::handle(&memory, &delivery));
        assert_eq!(verdict, Verdict::Acknowledge);
    }
    let memory = Arc::new(memory);
    let router = Router::new(Arc::clone(&memory));
    for message in messages(&memory).iter().chain(&messages(&memory)) {
        let delivery = delivery(&memory, "route-event", "");
        assert_eq!(
            ready(router.route(message, &delivery)).unwrap(),
            Verdict::Acknowledge
        );
    }
    memory
}

/// How many records each workflow was told of, in each execution.
fn told(memory: &Memory) -> BTreeMap<String, Vec<usize>> {
    let mut told = BTreeMap::<String, BTreeMap<String, usize>>::new();
    for body in memory.queue().bodies("keyed-effect") {
        let envelope: Json = serde_json::from_str(&body).unwrap();
        let execution = &envelope["execution"];
        let ids = envelope["input"]["rendered"]["to"]
            .as_str()
            .unwrap_or_else(|| panic!("{envelope}"));
        told.entry(execution["workflow"].as_str().unwrap().to_owned())
            .or_default()
            .insert(execution["execution"].to_string(), ids.split(',').count());
    }
    let counts = |(workflow, executions): (String, BTreeMap<String, usize>)| {
        (workflow, executions.into_values().collect())
    };
    told.into_iter().map(counts).collect()
}

/// Imports so many customers, in parts of 50, with or without addresses.
fn imports(memory: &Memory, file: &Import, email: &str) -> Vec<Outcome> {
    let customer = |number: u64| {
        let mut row = json!({ "number": number.to_string() });
        // Every third has no address.
        if !email.is_empty() && !number.is_multiple_of(3) {
            row["email"] = format!("{email}{number}@example.com").into();
        }
        row
    };
    let mut outcomes = Vec::new();
    let numbers: Vec<u64> = (1..=file.rows).collect();
    for part in numbers.chunks(50) {
        let rows: Vec<Json> = part.iter().copied().map(customer).collect();
        outcomes.extend(imported(memory, &batch(file, part[0], &rows)));
    }
    outcomes
}

#[test]
fn a_hundred_records_start_every_workflow_for_each() {
    let memory = memory();
    imports(&memory, &import("a", 100), "");
    let memory = routed(memory);
    let each = vec![1; 100];
    let expected = ["each", "skip", "usual"].map(|name| (name.to_owned(), each.clone()));
    assert_eq!(told(&memory), expected.into_iter().collect());
}

#[test]
fn a_hundred_and_one_start_only_those_that_ask_for_each() {
    let memory = memory();
    let outcomes = imports(&memory, &import("a", 101), "");
    assert!(record(&memory, &outcomes[0]).last_change.bulk);
    let memory = routed(memory);
    let expected = [("each".to_owned(), vec![1; 101])];
    assert_eq!(told(&memory), expected.into_iter().collect());
}

#[test]
fn a_workflow_that_wants_them_together_starts_once_for_each_part_with_those_it_wants() {
    let memory = memory();
    imports(&memory, &import("a", 120), "");
    let outcomes = imports(&memory, &import("b", 120), "a");
    // Once more: what was told is told under the same ids.
    assert_eq!(imports(&memory, &import("b", 120), "a"), outcomes);
    let memory = routed(memory);
    let mut parts = told(&memory).remove("together").unwrap();
    parts.sort_unstable();
    assert_eq!(parts, [13, 33, 34], "those whose address changed");
    let home = format!("demo/import/{}", import("b", 120).id);
    let of_parts = |message: &&EventMessage| matches!(&message.origin, Origin::Batch { .. });
    let all = messages(&memory);
    let event = all.iter().find(of_parts).unwrap();
    assert_eq!(event.event.name, "record.batch");
    let id = event.event.id.as_str();
    assert!(
        id.starts_with("import/") && id.ends_with("@1-50/together"),
        "{id}"
    );
    let lines = told_of(&memory, &home.parse().unwrap())["lines"].clone();
    assert_eq!(
        lines.as_array().unwrap().len(),
        6,
        "an event and a decision for each part"
    );
}

#[test]
fn a_few_records_start_it_for_each() {
    let memory = memory();
    imports(&memory, &import("a", 3), "");
    imports(&memory, &import("b", 3), "a");
    let memory = routed(memory);
    assert_eq!(
        told(&memory)["together"],
        [1, 1],
        "the third has no address"
    );
}
