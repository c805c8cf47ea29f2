//! A function whose process is killed in the middle of a step.

use holdfast_engine::operation::{Operation, ReviewKind};
use holdfast_stack_tests::{Stack, eventually, fresh, tenant};
use serde_json::json;

/// The functions whose processes die.
const KILLED: [&str; 2] = ["call-http", "send-sms"];

/// How long their queues hide a message meanwhile, in seconds: what dies comes again after it.
const HIDDEN: &str = "9";

#[tokio::test]
async fn a_process_killed_in_a_step_loses_nothing_and_does_nothing_twice() {
    let (stack, tenant) = (Stack::alone().await, tenant("east"));
    if let Some(reason) = stack.is_elsewhere() {
        println!("skipped: {reason}");
        return;
    }
    let mut usual = Vec::new();
    for function in KILLED {
        usual.push(stack.visibility(function).await);
        stack.hide_for(function, HIDDEN).await;
    }
    let slowly = json!({ "status": 200, "delay_ms": 30_000 });
    for connection in ["crm", "sms"] {
        stack.answer_so(&tenant, connection, &slowly).await;
    }
    let (order, parcel) = (fresh("order"), fresh("parcel"));
    let placed = stack.happens(&tenant, "placed", &order).await;
    let shipped = stack.happens(&tenant, "shipped", &parcel).await;
    stack.delivered(&tenant, &order).await;
    stack.delivered(&tenant, &parcel).await;
    for function in KILLED {
        assert_ne!(stack.kill(function), 0, "{function}");
    }
    for connection in ["crm", "sms"] {
        stack.answer_as_defined(&tenant, connection).await;
    }

    // The receiver honours keys: the call was repeated under its own, and nothing came of that.
    let end = json!({ "kind": "end", "end": "completed" });
    stack.line(&tenant, &placed, &end).await;
    let sent = stack.deliveries_about(&tenant, &order).await;
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_ne!(sent[0]["repeats"], 0, "{sent:#?}");

    // A text may have been sent: nobody sends it again, and somebody is asked.
    let unknown = json!({ "kind": "step", "step": "text.1", "state": "unknown" });
    stack.line(&tenant, &shipped, &unknown).await;
    let item = eventually("somebody is asked", async || {
        stack.open_operations(&tenant).await.into_iter().find(
            |operation| matches!(operation, Operation::Review(item) if item.kind == ReviewKind::UnknownOutcome && item.subject.contains(&parcel)),
        )
    })
    .await;
    assert!(item.execution().is_some(), "{item:?}");
    stack.idle(&KILLED).await;
    let sent = stack.deliveries_about(&tenant, &parcel).await;
    assert_eq!(
        (sent.len(), &sent[0]["repeats"]),
        (1, &json!(0)),
        "{sent:#?}"
    );
    for (function, seconds) in KILLED.iter().zip(usual) {
        stack.hide_for(function, &seconds).await;
    }
}
