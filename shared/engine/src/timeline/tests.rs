//! A journal written by hand, and the timeline that it is.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;
use crate::id::{EventId, ExecutionId, RecordRef};
use crate::key;
use crate::name::{RecordId, RecordType, TenantName, WorkflowName};
use crate::port::{CommitError, Item, Journal, Key, Page, PortError, Row, Table, Write};

/// A journal that holds what a test puts into it.
#[derive(Default)]
struct Written(BTreeMap<Key, String>);

impl Written {
    fn put(&mut self, key: Key, body: &Json) {
        self.0.insert(key, body.to_string());
    }
}

impl Journal for Written {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        let item = |key: &Key| {
            let body = self.0.get(key)?.clone();
            Some(Item { revision: 1, body })
        };
        Ok(keys.iter().map(item).collect())
    }

    async fn commit(&self, _: Vec<Write>) -> Result<(), CommitError> {
        unreachable!("a timeline only reads")
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        _limit: usize,
    ) -> Result<Page, PortError> {
        // One item a page: pages are read to the end.
        let mut rows = self.0.iter().filter(|(key, _)| {
            key.table == table && key.partition == partition && key.sort.starts_with(prefix)
        });
        let next = rows.find(|(key, _)| after.is_none_or(|after| key.sort.as_str() > after));
        let row = next.map(|(key, body)| Row {
            sort: key.sort.clone(),
            item: Item {
                revision: 1,
                body: body.clone(),
            },
        });
        let next = row.as_ref().map(|row| row.sort.clone());
        Ok(Page {
            rows: row.into_iter().collect(),
            next,
        })
    }
}

const AT: &str = "2026-11-20T10:00:00Z";
const LATER: &str = "2026-11-20T10:00:30Z";

fn tenant() -> TenantName {
    TenantName::new("demo").unwrap()
}

fn record() -> RecordRef {
    RecordRef {
        tenant: tenant(),
        record_type: RecordType::new("visit").unwrap(),
        record: RecordId::new("r1").unwrap(),
    }
}

fn execution(workflow: &str, event: &EventId) -> ExecutionId {
    ExecutionId::of(&tenant(), &WorkflowName::new(workflow).unwrap(), event)
}

fn event(id: &EventId, name: &str, decisions: &Json) -> Json {
    json!({
        "event": { "id": id, "name": name, "at": AT, "data": { "phone": "+15550100" } },
        "home": record(), "decided_at": AT, "records": { "visit": "r1" }, "decisions": decisions,
    })
}

fn started(workflow: &str, event: &EventId, steps: &[&str]) -> Json {
    json!({
        "workflow": workflow, "manifest": { "pack": "p", "hash": "0123456789" }, "home": record(),
        "outcome": "started", "execution": execution(workflow, event),
        "dispatch": { "now": AT, "steps": steps },
    })
}

fn step_key(workflow: &str, event: &EventId, step: &str) -> Key {
    let execution = crate::id::ExecutionRef {
        home: record(),
        workflow: WorkflowName::new(workflow).unwrap(),
        execution: execution(workflow, event),
    };
    key::step(&execution, 1, &step.parse().unwrap())
}

/// A booking at one instant, whose own change starts a second workflow, whose step is retried.
fn journal() -> Written {
    let mut journal = Written::default();
    let source = EventId::from_text("door:1");
    let change = EventId::from_text("visit/r1@2");
    let skipped = json!({
        "workflow": "other", "manifest": { "pack": "p", "hash": "0123456789" }, "home": record(),
        "outcome": "skipped", "reason": "when: false is false for +15550100",
    });
    let decisions = json!([started("book", &source, &["set.1"]), skipped]);
    journal.put(
        key::source_event(&tenant(), &source),
        &event(&source, "door.opened", &decisions),
    );
    journal.put(
        key::creation(&record(), &source),
        &json!({ "event": source, "by": { "source": "door" }, "at": AT, "fields": { "phone": "+15550100" } }),
    );
    journal.put(
        step_key("book", &source, "set.1"),
        &json!({
            "state": "succeeded", "attempt": 1, "at": AT, "event": source, "version": "p@01234567",
            "output": { "record": { "id": "r1", "version": 2 }, "refused": false },
            "changes": [{ "field": "status", "old": "new", "new": "booked" }],
            "dispatch": { "now": AT, "end": "completed" },
        }),
    );
    journal.put(
        key::home_event(&record(), &change),
        &event(
            &change,
            "record.updated",
            &json!([started("call", &change, &["dial.1"])]),
        ),
    );
    journal.put(
        step_key("call", &change, "dial.1"),
        &json!({
            "state": "retrying", "due": "2026-11-20T10:01:00Z", "attempt": 2, "maybe": true,
            "at": LATER, "event": change, "version": "p@01234567",
            "attempts": [{ "attempt": 1, "at": LATER, "code": "HttpStatus503", "message": "no answer for +15550100" }],
        }),
    );
    journal
}

fn kinds(timeline: &Timeline) -> Vec<String> {
    let kind = |line: &Line| {
        let json = serde_json::to_value(line).unwrap();
        let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or("");
        let words = [text("kind"), text("workflow"), text("step")];
        words.join(" ").trim().to_owned()
    };
    timeline.lines.iter().map(kind).collect()
}

#[tokio::test]
async fn causes_come_before_their_effects_even_at_one_instant() {
    let timeline = of_record(&journal(), &record(), &Glossary::default())
        .await
        .unwrap();
    assert_eq!(
        kinds(&timeline),
        [
            "event",
            "created",
            "decision book",
            "decision other",
            "step book set.1",
            "end book",
            "event",
            "decision call",
            "attempt  dial.1",
            "step call dial.1",
        ]
    );
}

#[tokio::test]
async fn without_definitions_every_value_is_hidden_wherever_it_is_repeated() {
    let timeline = of_record(&journal(), &record(), &Glossary::default())
        .await
        .unwrap();
    let text = serde_json::to_string(&timeline).unwrap();
    assert!(!text.contains("+15550100"), "{text}");
    assert!(text.contains("no answer for ***"), "{text}");
    let open = of_record(&journal(), &record(), &Glossary::open(Vec::new()))
        .await
        .unwrap();
    let text = serde_json::to_string(&open).unwrap();
    assert!(text.contains("no answer for +15550100"), "{text}");
}

#[tokio::test]
async fn an_event_is_found_by_its_id_and_shows_its_records_timeline() {
    let journal = journal();
    for id in ["door:1", "visit/r1@2"] {
        let event = EventId::from_text(id);
        let timeline = of_event(&journal, &tenant(), &event, &Glossary::default())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(timeline.of, "demo/visit/r1", "{id}");
        assert_eq!(timeline.lines.len(), 10, "{id}");
    }
    let unknown = EventId::from_text("door:2");
    let none = of_event(&journal, &tenant(), &unknown, &Glossary::default()).await;
    assert_eq!(none.unwrap(), None);
}

#[tokio::test]
async fn an_event_in_review_is_found_before_anything_was_decided() {
    let mut journal = Written::default();
    let event = EventId::from_text("door:9");
    let id = crate::operation::ErrorRecord::id_of(event.as_str(), "receive-webhook");
    journal.put(
        key::operation(&tenant(), "review", &id),
        &json!({
            "id": id, "kind": "invalid-input", "title": "event door:9 has wrong fields", "severity": "P2", "status": "open",
            "opened_at": AT, "due": AT, "function": "receive-webhook",
            "tenant": "demo", "at": AT, "report": { "fields": [] }, "subject": "{}",
        }),
    );
    let timeline = of_event(&journal, &tenant(), &event, &Glossary::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kinds(&timeline), ["review"]);
}

#[tokio::test]
async fn a_damaged_item_is_an_error_that_names_it() {
    let mut journal = journal();
    journal.put(
        key::home_event(&record(), &EventId::from_text("x")),
        &json!([]),
    );
    let error = of_record(&journal, &record(), &Glossary::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("event#x"), "{error}");
}

#[tokio::test]
async fn the_json_form_is_stable() {
    let timeline = of_record(&journal(), &record(), &Glossary::open(Vec::new()))
        .await
        .unwrap();
    let step = timeline
        .lines
        .iter()
        .find(|line| matches!(&line.what, What::Step(step) if step.step == "set.1"));
    let execution = execution("book", &EventId::from_text("door:1"));
    assert_eq!(
        serde_json::to_value(step.unwrap()).unwrap(),
        json!({
            "at": AT, "kind": "step", "execution": format!("demo/visit/r1/book/{execution}"), "workflow": "book",
            "generation": 1, "step": "set.1", "state": "succeeded", "attempt": 1, "maybe": false,
            "changes": [{ "field": "status", "old": "new", "new": "booked" }],
        })
    );
}
