//! A shop with customers, and files of them.

use std::collections::BTreeSet;

use holdfast_engine::definition::Files;
use holdfast_engine::event::{EventMessage, Lineage};
use holdfast_engine::id::{EventId, RecordRef};
use holdfast_engine::import::{Batch, Content, Import, Outcome, Row, Verdict, apply};
use holdfast_engine::key;
use holdfast_engine::port::{Clock as _, Expect, Item, Journal as _, Key, Ports as _, Write};
use holdfast_engine::record::{
    Author, LastChange, Proposal, Record, change, find_record, key_writes,
};
use holdfast_engine::timeline::{self, Glossary};
use holdfast_tests::memory::Memory;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, load};
use serde_json::Value as Json;

const CUSTOMER: &str = "\
record: customer
key: [number]
also: [email]
fields:
  number: { type: string, required: true }
  name: { type: string, max: 20 }
  email: { type: email, pii: true }
  phone: { type: phone, region: US, pii: true }
  total: { type: decimal }
states: [known]
initial: known
transitions: []
invariants:
  - { rule: \"!has(record.total) || record.total >= 0\", message: a total is not negative }
";

/// A workflow that tells which records it was started for.
fn workflow(name: &str, bulk: &str, on: &str) -> String {
    let records = match bulk {
        "bulk: batch\n" => "join(default(event.data.records, [event.after.id]), ',')",
        _ => "record.id",
    };
    format!(
        "workflow: {name}\ndescription: What this test needs.\nowner: nobody\nseverity: P3\n\
         trigger: {{ record: {{ type: customer, {on} }} }}\n{bulk}steps:\n  \
         - {{ id: tell, uses: keyed-effect, with: {{ to: \"={records}\" }} }}\n"
    )
}

/// Ports that know the shop.
pub(crate) fn memory() -> Memory {
    let files: [(&str, String); 6] = [
        ("pack.yaml", "pack: shop\n".to_owned()),
        ("customer.record.yaml", CUSTOMER.to_owned()),
        (
            "each.workflow.yaml",
            workflow("each", "bulk: each\n", "on: created"),
        ),
        (
            "skip.workflow.yaml",
            workflow("skip", "bulk: skip\n", "on: created"),
        ),
        ("usual.workflow.yaml", workflow("usual", "", "on: created")),
        (
            "together.workflow.yaml",
            workflow("together", "bulk: batch\n", "on: updated, field: email"),
        ),
    ];
    let files: Files = files
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text))
        .collect();
    Memory::new(1, [load(&files, &Functions::scripted())]).feeding()
}

/// A file with this many rows.
pub(crate) fn import(file: &str, rows: u64) -> Import {
    Import {
        tenant: "demo".parse().unwrap(),
        pack: "shop".parse().unwrap(),
        record_type: "customer".parse().unwrap(),
        id: Import::identity(&[0; 32], &[file.as_bytes()]).unwrap(),
        file: format!("{file}.csv"),
        by: "ann".to_owned(),
        rows,
        fields: ["number", "name", "email", "phone", "total"]
            .map(str::to_owned)
            .into(),
    }
}

/// A part of a file, from this row on.
pub(crate) fn batch(import: &Import, first: u64, rows: &[Json]) -> Batch {
    let row = |(number, values): (u64, &Json)| Row {
        number,
        content: Content::Values(values.as_object().unwrap().clone()),
    };
    Batch {
        import: import.clone(),
        mistakes: 0,
        rows: (first..).zip(rows).map(row).collect(),
    }
}

pub(crate) fn imported(memory: &Memory, batch: &Batch) -> Vec<Outcome> {
    ready(apply(memory, batch)).unwrap()
}

pub(crate) fn verdicts(outcomes: &[Outcome]) -> Vec<Verdict> {
    outcomes.iter().map(|outcome| outcome.verdict).collect()
}

pub(crate) fn reference(outcome: &Outcome) -> RecordRef {
    format!("demo/customer/{}", outcome.record.as_ref().unwrap())
        .parse()
        .unwrap()
}

fn found(memory: &Memory, outcome: &Outcome) -> (Record, u64) {
    let reference = reference(outcome);
    let found = find_record(memory.journal(), &reference);
    ready(found).unwrap().expect("a record")
}

pub(crate) fn record(memory: &Memory, outcome: &Outcome) -> Record {
    found(memory, outcome).0
}

/// A timeline, as programs read it.
pub(crate) fn told_of(memory: &Memory, home: &RecordRef) -> Json {
    let glossary = Glossary::open(Vec::new());
    let told = timeline::of_record(memory.journal(), home, &glossary);
    serde_json::to_value(ready(told).unwrap()).unwrap()
}

/// Deletes a record, as a workflow does.
pub(crate) fn delete(memory: &Memory, outcome: &Outcome) {
    let (before, revision) = found(memory, outcome);
    let live = ready(holdfast_engine::import::target(
        memory,
        &"demo".parse().unwrap(),
        &"shop".parse().unwrap(),
        &"customer".parse().unwrap(),
    ));
    let (_, definition) = live.unwrap();
    let by = LastChange {
        by: Author::Person("ann".to_owned()),
        event: EventId::from_text("form:1"),
        step: None,
        version: None,
        lineage: Lineage::default(),
        bulk: false,
    };
    let proposal = Proposal {
        delete: true,
        ..Proposal::default()
    };
    let changed = change(&definition, &before, &proposal, by, memory.clock().now());
    let after = changed.unwrap().unwrap().record;
    let (tenant, key) = ("demo".parse().unwrap(), identity_key(memory));
    let mut writes = key_writes(&key, &tenant, &definition, Some(&before), &after);
    writes.push(Write {
        key: key::record(&reference(outcome)),
        expect: Expect::Revision(revision),
        change: holdfast_engine::port::Change::Put(serde_json::to_string(&after).unwrap()),
    });
    ready(memory.journal().commit(writes)).unwrap();
}

fn identity_key(memory: &Memory) -> [u8; 32] {
    *holdfast_engine::port::Secrets::identity_key(memory.secrets())
}

/// Everything that is stored.
pub(crate) fn items(memory: &Memory) -> Vec<(Key, Item)> {
    let state = memory.snapshot();
    let items = state.items();
    items
        .map(|(key, item)| (key.clone(), item.clone()))
        .collect()
}

/// The bodies of events that were sent, each once.
pub(crate) fn events(memory: &Memory) -> BTreeSet<String> {
    memory.queue().bodies("route-event").into_iter().collect()
}

pub(crate) fn messages(memory: &Memory) -> Vec<EventMessage> {
    let bodies = memory.queue().bodies("route-event").into_iter();
    bodies
        .map(|body| serde_json::from_str(&body).unwrap())
        .collect()
}
