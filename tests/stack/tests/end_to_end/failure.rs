//! A receiver that refuses for good, and who hears of it.

use holdfast_engine::definition::model::Severity;
use holdfast_engine::name::TenantName;
use holdfast_engine::operation::{Operation, ReviewKind};
use holdfast_stack_tests::{Stack, Subscription, eventually, fresh, tenant};
use serde_json::json;

#[tokio::test]
async fn what_fails_for_good_is_recorded_told_by_severity_and_a_dead_letter() {
    let (stack, tenant) = (Stack::open().await, tenant("west"));
    let whole = stack.subscribe(None).await;
    let urgent = stack.subscribe(Some(&["P1"])).await;
    let kinds = [
        ("claim", Severity::P1),
        ("refund", Severity::P2),
        ("survey", Severity::P3),
    ];
    let mut failed = Vec::new();
    for (kind, severity) in kinds {
        let number = fresh(kind);
        let event = stack.happens(&tenant, kind, &number).await;
        failed.push((kind, severity, number, event));
    }
    for (kind, severity, number, event) in &failed {
        let state = json!({ "kind": "step", "step": "ask.1", "state": "failed" });
        let step = stack.line(&tenant, event, &state).await;
        let operations = stack.open_operations(&tenant).await.into_iter();
        let mine: Vec<_> = operations
            .filter(|operation| operation.subject().contains(number.as_str()))
            .collect();
        let [Operation::Error(error)] = mine.as_slice() else {
            panic!("{kind}: {mine:#?}");
        };
        assert_eq!(
            (error.code.as_str(), error.severity),
            ("HttpStatus422", *severity)
        );
        assert_eq!(
            mine[0].kind(),
            ReviewKind::FailedStep,
            "it is its own review item"
        );
        let execution = error.execution.as_ref().unwrap().to_string();
        assert_eq!(step["execution"], execution);
        let letter = stack.dead_letter("call-http", number).await;
        assert_eq!(letter.body, error.envelope);
        assert_eq!(
            stack.deliveries_about(&tenant, number).await,
            [] as [serde_json::Value; 0]
        );
    }

    told(&stack, &tenant, &whole, &["claim P1", "refund P2"]).await;
    told(&stack, &tenant, &urgent, &["claim P1"]).await;
    // On call: a post for P1 and P2, a text for P1; nobody for P3.
    let posts = heard(&stack, &tenant, "oncall", 2).await;
    assert!(
        posts.iter().all(|post| !post.contains("survey")),
        "{posts:#?}"
    );
    let texts = heard(&stack, &tenant, "pager", 1).await;
    assert!(texts[0].contains("claim"), "{texts:#?}");
    for subscription in [whole, urgent] {
        stack.unsubscribe(subscription).await;
    }
}

/// Waits for these alerts, by workflow and severity, and for no others of this tenant.
async fn told(stack: &Stack, tenant: &TenantName, by: &Subscription, expected: &[&str]) {
    let mut heard = Vec::new();
    eventually(&format!("alerts of {expected:?}"), async || {
        for (alert, attributes) in stack.alerts(by).await {
            if attributes.get("tenant").map(String::as_str) == Some(tenant.as_str()) {
                assert_eq!(alert["severity"], attributes["severity"].as_str());
                let title = alert["title"].as_str().unwrap();
                let workflow = title.split("workflow ").nth(1).unwrap();
                let workflow = workflow.split(' ').next().unwrap();
                heard.push(format!("{workflow} {}", attributes["severity"]));
            }
        }
        (heard.len() >= expected.len()).then_some(())
    })
    .await;
    heard.sort();
    assert_eq!(heard, expected);
}

/// Waits for this many messages of those on call through a connection; their payloads.
async fn heard(stack: &Stack, tenant: &TenantName, connection: &str, count: usize) -> Vec<String> {
    let mine = async || {
        let all = stack.deliveries(tenant).await.into_iter();
        let mine = all.filter(|delivery| delivery["connection"] == connection);
        mine.map(|delivery| delivery["payload"].to_string())
            .collect::<Vec<_>>()
    };
    eventually(
        &format!("{count} messages through {connection}"),
        async || Some(mine().await).filter(|heard| heard.len() >= count),
    )
    .await;
    let heard = mine().await;
    assert_eq!(heard.len(), count, "{heard:#?}");
    heard
}
