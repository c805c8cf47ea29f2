//! What a provider meets at the door of `serve`.

#[cfg(test)]
mod support;

use serde_json::Value as Json;
use support::{Serving, URI, booking, json};

const PATH: &str = "/hooks/demo/calendly";

#[cfg(test)]
fn nothing_is_stored(serving: &Serving) {
    let trace = serving.on(&["--json", "trace", &format!("appointment/{URI}")]);
    assert_eq!(support::code(&trace), 1, "{}", support::out(&trace));
    let status = json(&serving.on(&["--json", "status"]));
    assert_eq!(status["operations"]["reviews"], 0);
    let waiting = |queue: &Json| queue["visible"] != 0 || queue["in_flight"] != 0;
    assert!(!status["queues"].as_array().unwrap().iter().any(waiting));
}

#[tokio::test]
async fn bad_input_is_refused_with_a_problem_document() {
    let serving = Serving::start();
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let deep = format!("{}1{}", "[".repeat(129), "]".repeat(129));
    let cases = [
        ("/hooks/nobody/calendly", "{}", 404, "NotFound"),
        ("/hooks/demo/nothing", "{}", 404, "NotFound"),
        (PATH, large.as_str(), 413, "BodyTooLarge"),
        (PATH, "{ not json", 400, "NotJson"),
        (PATH, deep.as_str(), 400, "NotJson"),
    ];
    for (path, body, status, code) in cases {
        let (found, text) = serving.post_signed(path, body).await;
        let problem: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (found, problem["code"].as_str()),
            (status, Some(code)),
            "{text}"
        );
        assert_eq!(problem["status"], status);
    }
    nothing_is_stored(&serving);
}

#[tokio::test]
async fn a_bad_signature_is_refused_before_the_body_is_read_and_stores_nothing() {
    let serving = Serving::start();
    for body in [booking().as_str(), "{ not json"] {
        let (status, text) = serving.post(PATH, body, "someone else's secret").await;
        let problem: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (status, problem["code"].as_str()),
            (401, Some("Mismatch")),
            "{text}"
        );
    }
    nothing_is_stored(&serving);
}

#[tokio::test]
async fn a_missing_field_is_accepted_for_review_and_says_which() {
    let serving = Serving::start();
    let sent = json(&serving.send("without-time"));
    assert_eq!(
        (&sent["status"], &sent["body"]["status"]),
        (&Json::from(202), &Json::from("review"))
    );
    let open = json(&serving.on(&["--json", "review", "list"]));
    let id = open[0]["id"].as_str().unwrap();
    let shown = support::out(&serving.on(&["review", "show", &id[..6]]));
    assert!(shown.contains("starts_at"), "{shown}");
    assert!(!shown.contains("@example.com"), "{shown}");
    let event = sent["body"]["event"].as_str().unwrap();
    let trace = support::out(&serving.on(&["trace", event]));
    assert!(trace.contains("starts_at: expected"), "{trace}");
}

#[tokio::test]
async fn a_webhook_posted_50_times_8_at_once_is_one_execution_and_one_sms() {
    let serving = Serving::start();
    let body = booking();
    let mut answers = std::collections::BTreeSet::new();
    for _ in 0..50_usize.div_ceil(8) {
        answers.extend(serving.post_8_at_once(PATH, &body).await);
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let trace = serving.until_appointment(URI, "prepared");
    serving.until_settled();
    let deliveries = serving.deliveries().await;
    let sms = deliveries
        .iter()
        .filter(|delivery| delivery["kind"] == "sms");
    assert_eq!(
        sms.map(|sms| sms["repeats"].clone()).collect::<Vec<_>>(),
        [0]
    );
    let lines = trace["lines"].as_array().unwrap();
    let booked = lines
        .iter()
        .filter(|line| line["kind"] == "decision" && line["workflow"] == "booking");
    assert_eq!(booked.count(), 1);
}

#[tokio::test]
async fn the_sandbox_is_shown_and_health_is_answered() {
    let serving = Serving::start();
    assert_eq!(serving.get("/healthz").await.0, 200);
    assert!(serving.deliveries().await.is_empty());
    assert_eq!(serving.get("/anything").await.0, 404);
}

#[tokio::test]
async fn a_webhook_that_is_not_posted_is_refused_with_a_problem_document() {
    let serving = Serving::start();
    let (status, text) = serving.get(PATH).await;
    let problem: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, problem["code"].as_str()),
        (405, Some("MethodNotAllowed"))
    );
}
