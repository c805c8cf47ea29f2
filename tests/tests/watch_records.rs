//! Changes of records as `watch-records` sees them: those of Holdfast are events, those made past
//! it are journaled as well, and each physical change is an event of its own.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is missing fails the test"
)]

use holdfast_engine::event::EventMessage;
use holdfast_engine::id::{EventId, RecordRef};
use holdfast_engine::port::{Delivery, Journal, MessageId, Ports, QueueName, Table, Verdict};
use holdfast_engine::timeline::{self, Glossary};
use holdfast_tests::memory::Memory;
use holdfast_tests::ready::ready;
use holdfast_tests::world::compiled;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

const CREATED: &str = "2026-11-20T10:00:00Z";
const SEEN: &str = "2026-11-20T12:00:00Z";

/// Ports whose one workflow wants every update of a deal.
fn memory() -> Memory {
    Memory::new(
        1,
        [compiled("- { id: s, uses: keyed-effect, with: { to: a } }")],
    )
}

fn home() -> RecordRef {
    "demo/deal/d1".parse().unwrap()
}

/// A deal with this phone, as a step of `w` left it.
fn deal(version: u64, phone: &str, changed_at: &str) -> Json {
    json!({
        "type": "deal", "id": "d1", "status": "new", "version": version,
        "fields": { "name": "Ann", "phone": phone },
        "created_at": CREATED, "updated_at": changed_at,
        "last_change": {
            "by": { "workflow": "w" }, "event": "form:1",
            "lineage": [{ "workflow": "w", "record": "deal/d1" }],
        },
    })
}

fn feed(revision: u64, old: Option<&Json>, new: Option<&Json>, sequence: Option<&str>) -> Json {
    let mut feed = json!({
        "tenant": "demo", "partition": "demo#deal#d1", "revision": revision, "old": old, "new": new,
    });
    if let Some(sequence) = sequence {
        feed["sequence"] = json!(sequence);
    }
    feed
}

fn watched(memory: &Memory, feed: &Json) {
    let seen: Timestamp = SEEN.parse().unwrap();
    let delivery = Delivery {
        queue: QueueName::of("watch-records"),
        message_id: MessageId("m".to_owned()),
        body: feed.to_string(),
        created: seen,
        sent: seen,
        receive_count: 1,
        last_receive: false,
    };
    let verdict = ready(holdfast_watch_records::handle(memory, &delivery));
    assert_eq!(verdict, Verdict::Acknowledge);
}

fn events(memory: &Memory) -> Vec<EventMessage> {
    let bodies = memory.queue().bodies(QueueName::events().as_str());
    let read = |body: &String| serde_json::from_str(body).unwrap();
    bodies.iter().map(read).collect()
}

/// What the journal says of changes, by sort key.
fn lines(memory: &Memory) -> Vec<(String, Json)> {
    let partition = "demo#deal#d1";
    let query = memory
        .journal()
        .query(Table::Journal, partition, "change#", None, 100);
    let rows = ready(query).unwrap().rows;
    rows.into_iter()
        .map(|row| (row.sort, serde_json::from_str(&row.item.body).unwrap()))
        .collect()
}

#[test]
fn a_change_by_a_step_is_an_event_with_its_lineage_and_no_line_more() {
    let memory = memory();
    let (old, mut new) = (deal(1, "1", CREATED), deal(2, "2", SEEN));
    new["last_change"]["event"] = json!("form:2");
    watched(&memory, &feed(2, Some(&old), Some(&new), None));
    let events = events(&memory);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event.id, EventId::from_text("deal/d1@2"));
    assert_eq!(events[0].lineage.0.len(), 1);
    assert_eq!(lines(&memory), []);
}

#[test]
fn a_step_that_is_run_again_changes_the_record_as_itself() {
    let memory = memory();
    let (old, new) = (deal(1, "1", CREATED), deal(2, "2", SEEN));
    watched(&memory, &feed(2, Some(&old), Some(&new), None));
    assert_eq!(events(&memory)[0].lineage.0.len(), 1);
    assert_eq!(lines(&memory), []);
}

#[test]
fn a_change_by_hand_is_journaled_with_its_values_and_begins_a_new_lineage() {
    let memory = memory();
    let (old, new) = (deal(2, "1", CREATED), deal(2, "2", CREATED));
    let feed = feed(2, Some(&old), Some(&new), Some("111"));
    watched(&memory, &feed);
    let events = events(&memory);
    assert_eq!(events[0].event.id, EventId::from_text("deal/d1@2~111"));
    assert_eq!(events[0].event.at, SEEN.parse().unwrap());
    assert_eq!(events[0].event.changed, ["phone"]);
    assert_eq!(events[0].lineage.0, []);
    let expected = json!({
        "event": "deal/d1@2~111", "by": "external", "at": SEEN,
        "changes": [{ "field": "phone", "old": "1", "new": "2" }],
    });
    assert_eq!(
        lines(&memory),
        [("change#deal/d1@2~111#external".to_owned(), expected)]
    );
    watched(&memory, &feed);
    assert_eq!(lines(&memory).len(), 1, "delivered again");
}

#[test]
fn each_change_by_hand_of_one_version_is_an_event_of_its_own() {
    let memory = memory();
    for (sequence, phone) in [("111", "2"), ("112", "3")] {
        let (old, new) = (deal(2, "1", CREATED), deal(2, phone, CREATED));
        watched(&memory, &feed(2, Some(&old), Some(&new), Some(sequence)));
    }
    let ids: Vec<_> = events(&memory)
        .into_iter()
        .map(|message| message.event.id.to_string())
        .collect();
    assert_eq!(ids, ["deal/d1@2~111", "deal/d1@2~112"]);
    assert_eq!(lines(&memory).len(), 2);
}

#[test]
fn on_one_machine_a_change_that_left_the_last_change_alone_is_by_hand() {
    let memory = memory();
    let (old, new) = (deal(2, "1", CREATED), deal(2, "2", CREATED));
    watched(&memory, &feed(3, Some(&old), Some(&new), None));
    assert_eq!(events(&memory)[0].event.id, EventId::from_text("deal/d1@3"));
    assert_eq!(lines(&memory)[0].0, "change#deal/d1@3#external");
}

#[test]
fn a_record_that_was_taken_away_or_put_there_is_journaled_with_its_values() {
    let memory = memory();
    let deal = deal(2, "1", CREATED);
    watched(&memory, &feed(2, Some(&deal), None, Some("111")));
    watched(&memory, &feed(7, None, Some(&deal), Some("112")));
    let lines = lines(&memory);
    let gone = json!([
        { "field": "name", "old": "Ann", "new": null },
        { "field": "phone", "old": "1", "new": null },
        { "field": "status", "old": "new", "new": null },
    ]);
    assert_eq!(lines[0].1["changes"], gone);
    assert_eq!(lines[1].1["fields"], json!({ "name": "Ann", "phone": "1" }));
}

#[test]
fn what_no_workflow_wants_is_journaled_all_the_same() {
    let memory = Memory::new(1, []);
    let (old, new) = (deal(2, "1", CREATED), deal(2, "2", CREATED));
    watched(&memory, &feed(2, Some(&old), Some(&new), Some("111")));
    assert_eq!(events(&memory), []);
    assert_eq!(lines(&memory).len(), 1);
}

#[test]
fn a_timeline_shows_a_change_by_hand_before_its_event() {
    let memory = memory();
    let (old, new) = (deal(2, "1", CREATED), deal(2, "2", CREATED));
    watched(&memory, &feed(2, Some(&old), Some(&new), Some("111")));
    let glossary = Glossary::open(Vec::new());
    let told = ready(timeline::of_record(memory.journal(), &home(), &glossary));
    let told = serde_json::to_value(told.unwrap()).unwrap();
    let expected = json!([{
        "at": SEEN, "kind": "changed", "event": "deal/d1@2~111", "by": "hand",
        "changes": [{ "field": "phone", "old": "1", "new": "2" }],
    }]);
    assert_eq!(told["lines"], expected);
}
