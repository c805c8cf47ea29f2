//! A change of a record past Holdfast, which comes out of the change feed more than once.

use std::collections::BTreeSet;

use holdfast_engine::port::{Delivery, MessageId, Ports as _, QueueName, Table, Verdict};
use holdfast_tests::memory::{Condition, Guards, Kind, Memory};
use holdfast_tests::ready::ready;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

fn deal(phone: &str) -> Json {
    json!({
        "type": "deal", "id": "d1", "status": "new", "version": 2,
        "fields": { "name": "Ann", "phone": phone },
        "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
        "last_change": { "by": { "workflow": "w" }, "event": "form:1" },
    })
}

/// Delivers the same change twice; what the journal says of it after each time.
fn delivered_twice(memory: &Memory) -> [Vec<String>; 2] {
    let feed = json!({
        "tenant": "demo", "partition": "demo#deal#d1", "revision": 2, "sequence": "111",
        "old": deal("1"), "new": deal("2"),
    });
    let seen: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    ["m1", "m2"].map(|message| {
        let delivery = Delivery {
            queue: QueueName::of("watch-records"),
            message_id: MessageId(message.to_owned()),
            body: feed.to_string(),
            created: seen,
            sent: seen,
            receive_count: 1,
            last_receive: false,
        };
        let verdict = ready(holdfast_watch_records::handle(memory, &delivery));
        assert_eq!(verdict, Verdict::Acknowledge);
        let lines = memory.journal().items(Table::Journal, "demo#deal#d1");
        lines.into_iter().map(|(_, item)| item.body).collect()
    })
}

/// The conditions of it.
pub fn asked() -> BTreeSet<Condition> {
    let memory = Memory::new(1, []);
    delivered_twice(&memory);
    memory.journal().conditions()
}

#[test]
fn a_change_by_hand_is_told_in_the_same_words_each_time_it_is_delivered() {
    let line = Condition(Kind::ExternalLine, Guards::Creation);
    for ignored in [None, Some(line)] {
        let memory = Memory::new(1, []);
        memory.journal().ignore(ignored);
        let [first, second] = delivered_twice(&memory);
        assert_eq!(first.len(), 1, "{first:?}");
        assert_eq!(first, second, "{ignored:?}");
    }
}
