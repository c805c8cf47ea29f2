//! A provider that sends one webhook again and again.

use futures_util::future::join_all;
use holdfast_engine::id::EventId;
use holdfast_stack_tests::{Stack, fresh, tenant};
use serde_json::json;

#[tokio::test]
async fn one_webhook_sent_many_times_at_once_is_one_execution_with_one_effect() {
    let (stack, tenant) = (Stack::open().await, tenant("north"));
    let (pack, number) = (stack.pack(&tenant).await, fresh("order"));
    let body = json!({ "kind": "placed", "id": number });
    let request = stack.signed(&tenant, &pack, "shop", &body);
    let at_once = (0..8).map(|_| stack.answer(&request));
    let mut answers = join_all(at_once).await;
    for _ in 0..4 {
        answers.push(stack.answer(&request).await);
    }
    let (status, first) = answers[0].clone();
    assert_eq!(status, 202, "{first}");
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    let answer: serde_json::Value = serde_json::from_str(&first).unwrap();
    let event = EventId::from_text(answer["event"].as_str().unwrap());
    let end = json!({ "kind": "end", "end": "completed" });
    stack.line(&tenant, &event, &end).await;
    assert_eq!(stack.answer(&request).await, answers[0], "after its end");
    stack
        .idle(&["route-event", "call-http", "update-record"])
        .await;
    assert_eq!(stack.lines(&tenant, &event, &end).await.len(), 1);
    let started = json!({ "kind": "decision", "outcome": "started" });
    assert_eq!(stack.lines(&tenant, &event, &started).await.len(), 1);
    let sent = stack.deliveries_about(&tenant, &number).await;
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(stack.open_operations(&tenant).await, []);
}
