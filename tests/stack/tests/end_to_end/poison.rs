//! Messages that no function can read, among those that it can.

use holdfast_engine::operation::{ErrorRecord, Operation};
use holdfast_stack_tests::{Stack, eventually, fresh, tenant};
use serde_json::json;

/// Receives of a message before it is a dead letter.
const RECEIVES: u32 = 8;

#[tokio::test]
async fn a_poison_message_is_recorded_and_dead_while_the_good_ones_beside_it_succeed() {
    let (stack, tenant) = (Stack::open().await, tenant("south"));
    let poisons = ["call-http", "route-event"].map(|function| (function, fresh("poison")));
    let mut events = Vec::new();
    for round in 0..3 {
        events.push(stack.happens(&tenant, "placed", &fresh("order")).await);
        if let Some((function, poison)) = poisons.get(round) {
            stack.send_raw(function, &format!("{{ {poison}")).await;
        }
    }
    for event in &events {
        let end = json!({ "kind": "end", "end": "completed" });
        stack.line(&tenant, event, &end).await;
    }
    for (function, poison) in &poisons {
        let letter = stack.dead_letter(function, poison).await;
        assert!(letter.receives > RECEIVES, "{letter:?}");
        let error = error_about(&stack, poison).await;
        assert_eq!(error.code, "Undecodable");
        assert_eq!(error.function, *function);
        assert_eq!((error.count, &error.tenant), (RECEIVES, &None));
    }
    assert_eq!(stack.open_operations(&tenant).await, []);
}

async fn error_about(stack: &Stack, poison: &str) -> ErrorRecord {
    eventually("the poison is recorded", async || {
        let open = stack.all_open_operations().await.into_iter();
        let mut found = open.filter_map(|operation| match operation {
            Operation::Error(error) if error.envelope.contains(poison) => Some(error),
            _ => None,
        });
        found.next()
    })
    .await
}
