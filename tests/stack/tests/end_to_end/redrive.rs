//! A step that failed, and is redriven in the queue's own console.

use holdfast_stack_tests::{Stack, eventually, fresh, tenant};
use serde_json::{Value as Json, json};

#[tokio::test]
async fn a_dead_letter_sent_back_by_its_queue_goes_on_from_the_failed_step() {
    let (stack, tenant) = (Stack::open().await, tenant("centre"));
    let number = fresh("order");
    stack
        .answer_so(&tenant, "crm", &json!({ "status": 422 }))
        .await;
    let event = stack.happens(&tenant, "placed", &number).await;
    let failed = json!({ "kind": "step", "step": "note.1", "state": "failed" });
    stack.line(&tenant, &event, &failed).await;
    let letter = stack.dead_letter("call-http", &number).await;
    let open = stack.open_operations(&tenant).await;
    assert_eq!(open.len(), 1, "{open:#?}");
    assert_eq!(
        stack.deliveries_about(&tenant, &number).await,
        [] as [Json; 0]
    );

    stack.answer_as_defined(&tenant, "crm").await;
    stack.redrive("call-http", letter).await;
    let end = json!({ "kind": "end", "end": "completed" });
    stack.line(&tenant, &event, &end).await;
    let succeeded = json!({ "kind": "step", "state": "succeeded" });
    let steps = stack.lines(&tenant, &event, &succeeded).await;
    let names: Vec<_> = steps
        .iter()
        .map(|step| step["step"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["note.1", "done.1"]);
    assert_eq!(stack.deliveries_about(&tenant, &number).await.len(), 1);
    eventually("its error is closed", async || {
        stack
            .open_operations(&tenant)
            .await
            .is_empty()
            .then_some(())
    })
    .await;
}
