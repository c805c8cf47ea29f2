//! A new version that is published while executions are under way.

use std::time::{Duration, Instant};

use holdfast_stack_tests::{Stack, UNSEEN, file, fresh, read, tenant};
use serde_json::json;

/// What looking itself may take, on a busy machine.
const LOOK: Duration = Duration::from_secs(5);

#[tokio::test]
async fn an_execution_keeps_its_version_while_new_ones_take_the_one_that_was_published() {
    let (stack, tenant) = (Stack::open().await, tenant("hill"));
    stack
        .answer_so(&tenant, "flaky", &json!({ "status": 503 }))
        .await;
    let early = fresh("visit");
    let first = stack.happens(&tenant, "came", &early).await;
    stack
        .line(
            &tenant,
            &first,
            &json!({ "kind": "attempt", "step": "tell.1" }),
        )
        .await;

    let mut files = read(&file("tests/stack/packs/slow"));
    let workflow = files.get_mut("check-in.workflow.yaml").unwrap();
    *workflow = workflow.replace("/first", &format!("/{}", fresh("second")));
    let (pack, _) = stack.publish_files(&tenant, &files).await;
    let published = Instant::now();
    let new = pack.manifest.to_string();
    let (late, second) = loop {
        let late = fresh("visit");
        let event = stack.happens(&tenant, "came", &late).await;
        let decided = stack
            .line(&tenant, &event, &json!({ "kind": "decision" }))
            .await;
        if decided["version"] == new {
            break (late, event);
        }
        assert!(
            published.elapsed() < UNSEEN + LOOK,
            "{decided} is not {new}"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    stack.answer_as_defined(&tenant, "flaky").await;
    let end = json!({ "kind": "end", "end": "completed" });
    for (event, number, is_new) in [(first, early, false), (second, late, true)] {
        stack.line(&tenant, &event, &end).await;
        let started = stack
            .lines(&tenant, &event, &json!({ "kind": "decision" }))
            .await;
        assert_eq!(started[0]["version"] == new, is_new);
        let calls = stack.deliveries_about(&tenant, &number).await;
        assert_eq!(calls.len(), 2, "both steps: {calls:#?}");
        for call in calls {
            let path = call["payload"]["path"].as_str().unwrap().to_owned();
            assert_eq!(path.starts_with("/second"), is_new, "{path}");
        }
    }
}
