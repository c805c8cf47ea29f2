//! What is told of an import itself: how far it is, and the figures of its rows.

use std::time::Duration;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock as _, Ports as _};
use holdfast_engine::quality::{Counts, FieldCounts, since};
use holdfast_tests::memory::Memory;
use holdfast_tests::ready::ready;
use serde_json::{Value as Json, json};

use crate::fixture::{batch, import, imported, items, memory, told_of};
use crate::mixed;

fn told(memory: &Memory) -> Json {
    told_of(memory, &import("a", 3).home().unwrap())["import"].clone()
}

/// The figures of all imports; there is one hour of them.
pub(crate) fn counted(memory: &Memory) -> Counts {
    let tenant: TenantName = "demo".parse().unwrap();
    let hours = ready(since(memory, &tenant, memory.clock().now())).unwrap();
    let [hour] = hours.as_slice() else {
        panic!("{hours:?}");
    };
    assert_eq!(hour.source.as_str(), "import");
    hour.counts.clone()
}

#[test]
fn an_import_tells_what_it_is_and_how_far() {
    let memory = memory();
    assert_eq!(told(&memory), Json::Null);
    let began = memory.clock().now();
    let rows = [
        json!({ "number": "1" }),
        json!({ "number": "2", "total": "-1" }),
    ];
    let first = batch(&import("a", 3), 1, &rows);
    imported(&memory, &first);
    let expected = json!({
        "file": "a.csv", "pack": "shop", "type": "customer", "by": "ann",
        "began": began, "at": began,
        "rows": 3, "through": 2, "verdicts": { "created": 1, "refused": 1 },
    });
    assert_eq!(told(&memory), expected);
    memory.clock().advance(Duration::from_secs(5));
    let before = items(&memory);
    imported(&memory, &first);
    assert_eq!(items(&memory), before, "it was known");
    imported(
        &memory,
        &batch(&import("a", 3), 3, &[json!({ "number": "1" })]),
    );
    let told = told(&memory);
    assert_eq!(told["through"], 3);
    assert_eq!(told["at"], json!(memory.clock().now()));
    let verdicts = json!({ "created": 1, "unchanged": 1, "refused": 1 });
    assert_eq!(told["verdicts"], verdicts);
}

#[test]
fn rows_are_counted_as_the_events_of_a_source_are() {
    let memory = memory();
    let part = batch(&import("a", 7), 1, &mixed());
    imported(&memory, &part);
    let counts = counted(&memory);
    assert_eq!((counts.passed, counts.review, counts.ignored), (4, 3, 0));
    let fields = [
        ("customer.email", (2, 2, 0)),
        ("customer.name", (1, 3, 0)),
        ("customer.number", (4, 1, 0)),
        ("customer.phone", (0, 4, 1)),
        ("customer.total", (0, 4, 0)),
    ];
    let fields = fields
        .map(|(name, (set, unset, wrong))| (name.to_owned(), FieldCounts { set, unset, wrong }));
    assert_eq!(counts.fields, fields.into());
    assert_eq!(counts.records["customer"].created, 3);
    imported(&memory, &part);
    assert_eq!(counted(&memory), counts, "a part counts once");
}
