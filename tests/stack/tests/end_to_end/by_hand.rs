//! A record that somebody edits in the table's console.

use aws_sdk_dynamodb::types::AttributeValue;
use holdfast_engine::id::{EventId, RecordRef};
use holdfast_engine::key;
use holdfast_engine::port::Ports;
use holdfast_engine::timeline::{self, Glossary};
use holdfast_stack_tests::{Stack, eventually, fresh, tenant};
use serde_json::{Value as Json, json};

#[tokio::test]
async fn a_record_changed_by_hand_is_journaled_and_triggers_as_any_other() {
    let (stack, tenant) = (Stack::open().await, tenant("lake"));
    let number = fresh("order");
    let event = stack.happens(&tenant, "placed", &number).await;
    let end = json!({ "kind": "end", "end": "completed" });
    stack.line(&tenant, &event, &end).await;
    let home: RecordRef = home(&stack, &tenant, &event).await.parse().unwrap();

    for note in ["call back", "called back"] {
        edit(&stack, &home, note).await;
        let told = stack.delivered(&tenant, &format!("\"{note}\"")).await;
        assert_eq!(told["payload"]["path"], "/changes");
        assert!(
            told["payload"]["body"].to_string().contains(&number),
            "{told}"
        );
    }
    let lines = record_lines(&stack, &home).await;
    let edits: Vec<_> = lines
        .iter()
        .filter(|line| line["kind"] == "changed")
        .collect();
    let changes: Vec<_> = edits.iter().map(|line| &line["changes"]).collect();
    assert_eq!(
        changes,
        [
            &json!([{ "field": "note", "old": null, "new": "call back" }]),
            &json!([{ "field": "note", "old": "call back", "new": "called back" }]),
        ]
    );
    for line in edits {
        assert_eq!(line["by"], "hand");
        let id = line["event"].as_str().unwrap();
        assert!(id.contains("@2~"), "{id}");
        let followed = lines
            .iter()
            .find(|line| line["kind"] == "decision" && line["event"] == id);
        assert_eq!(followed.unwrap()["workflow"], "follow");
    }
    assert_eq!(stack.open_operations(&tenant).await, []);
}

/// The record that an event belongs to.
async fn home(
    stack: &Stack,
    tenant: &holdfast_engine::name::TenantName,
    event: &EventId,
) -> String {
    stack.timeline(tenant, event).await.unwrap().of
}

/// Edits a record's item as a person does in the console: its body and nothing else.
async fn edit(stack: &Stack, record: &RecordRef, note: &str) {
    let table = &stack.ports.config().tables.journal;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let (pk, sk) = (text(&key::home(record)), text(key::RECORD));
    let get = stack
        .sdk
        .dynamo
        .get_item()
        .table_name(table)
        .consistent_read(true);
    let found = get.key("pk", pk.clone()).key("sk", sk.clone()).send().await;
    let item = found.unwrap().item.unwrap();
    let mut body: Json = serde_json::from_str(item["body"].as_s().unwrap()).unwrap();
    body["fields"]["note"] = json!(note);
    let update = stack.sdk.dynamo.update_item().table_name(table);
    let update = update.key("pk", pk).key("sk", sk);
    update
        .update_expression("SET body = :body")
        .expression_attribute_values(":body", text(&body.to_string()))
        .send()
        .await
        .unwrap();
}

/// The record's timeline, once both executions of its changes have ended.
async fn record_lines(stack: &Stack, record: &RecordRef) -> Vec<Json> {
    eventually("both changes were followed", async || {
        let glossary = Glossary::open(Vec::new());
        let told = timeline::of_record(stack.ports.journal(), record, &glossary).await;
        let told = serde_json::to_value(told.unwrap()).unwrap();
        let lines = told["lines"].as_array().unwrap().clone();
        let ends = lines.iter().filter(|line| line["kind"] == "end");
        (ends.count() == 3).then_some(lines)
    })
    .await
}
