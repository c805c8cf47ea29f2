//! Events and answers that are late, wrong or forged, and what is reported afterwards.

use std::time::Duration;

use holdfast_engine::definition::model::Severity;
use holdfast_engine::id::EventId;
use holdfast_engine::operation::{ReviewKind, Status};
use serde_json::{Value as Json, json};

use crate::practice::{Practice, Sample, accepted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_insurer_that_is_down_is_asked_again() {
    let practice = Practice::open().await;
    practice.answer_next("insurance", &[(503, Json::Null), (429, Json::Null)]);
    let event = accepted(&practice.receive(&Sample::read("booking")).await);
    practice.pass_wait(Duration::from_secs(12)).await;
    practice.pass_wait(Duration::from_secs(70)).await;
    practice.quiet().await;
    assert_eq!(
        practice.record(&event, "appointment").await.status,
        "prepared"
    );
    assert_eq!(practice.sent("insurance").len(), 1);
    assert_eq!((practice.reviews().len(), practice.errors().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_is_an_error_record_until_its_redrive_succeeds() {
    let practice = Practice::open().await;
    practice.answer_next("emr", &[(422, json!({ "message": "no such patient" }))]);
    let event = practice.accept("booking").await;
    assert_eq!(
        practice.record(&event, "appointment").await.status,
        "verified"
    );
    let errors = practice.errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(
        (&*errors[0].code, errors[0].severity),
        ("HttpStatus422", Severity::P1)
    );
    assert!(errors[0].message.contains("no such patient"));
    assert!(errors[0].envelope.contains("rosa.martin@example.com"));
    practice.advance(Duration::from_mins(5));
    assert_eq!(practice.redrive("call-http").await, 1);
    practice.quiet().await;
    assert_eq!(
        practice.record(&event, "appointment").await.status,
        "prepared"
    );
    assert_eq!(practice.errors()[0].handling.status, Status::Closed);
    assert_eq!(practice.redrive("call-http").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_without_a_time_is_left_to_a_person_with_a_report() {
    let practice = Practice::open().await;
    let answer = practice.receive(&Sample::read("without-time")).await;
    practice.quiet().await;
    let body: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &body["status"]), (202, &json!("review")));
    let event: EventId = serde_json::from_value(body["event"].clone()).unwrap();
    assert!(practice.entry(&event).await.is_none());
    let reviews = practice.reviews();
    assert_eq!(reviews.len(), 1);
    assert_eq!(reviews[0].kind, ReviewKind::InvalidInput);
    let paths: Vec<_> = reviews[0].report["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["data.starts_at", "appointment.starts_at"]);
    let deliveries = practice.system().sandbox().deliveries().unwrap();
    assert_eq!(
        deliveries,
        practice.alerts(),
        "nobody but the people on call hears of it"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_that_is_wrong_and_huge_is_reviewed_all_the_same() {
    let practice = Practice::open().await;
    let huge = Sample::read("booking").with_text("Rosa Martin", &"R".repeat(600_000));
    let answer = practice.receive(&huge).await;
    let body: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &body["status"]), (202, &json!("review")));
    let reviews = practice.reviews();
    assert_eq!(reviews[0].report["fields"][0]["path"], "patient.name");
    assert!(reviews[0].subject.contains("truncated"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_that_was_changed_on_its_way_is_refused() {
    let practice = Practice::open().await;
    let mut request = practice.signed(&Sample::read("booking"));
    request.body.push(b' ');
    let answer = practice.system().receive(&request).await;
    let problem: Json = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &problem["code"]), (401, &json!("Mismatch")));
    assert!(practice.reviews().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_report_lies_in_the_timeline_of_what_was_sent() {
    let practice = Practice::open().await;
    let booking = practice.accept("booking").await;
    let callback = practice.sent("sms")[0].payload["callback"]
        .as_str()
        .unwrap()
        .to_owned();
    let (path, query) = callback.split_once('?').unwrap();
    assert_eq!(path, "https://api.holdfast.example/hooks/demo/twilio");
    let answer = practice
        .receive(&Sample::read("sms-delivered").with_query(query))
        .await;
    practice.quiet().await;
    let report = practice.entry(&accepted(&answer)).await.unwrap();
    assert_eq!(report.event.name, "twilio.delivered");
    assert_eq!(report.home, practice.entry(&booking).await.unwrap().home);
}
