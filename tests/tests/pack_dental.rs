//! The dental pack, from its files to what a practice's patients and staff receive.

mod practice;

use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::sandbox::Kind;
use holdfast_engine::definition::load_tests;
use holdfast_engine::definition::model::Severity;
use holdfast_engine::id::EventId;
use holdfast_engine::name::WorkflowName;
use holdfast_engine::operation::{ReviewKind, Status};
use holdfast_engine::route::Outcome;
use practice::{Practice, Sample, accepted, files, pack, rendered};
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;

const BOOKED: &str = "Lakeside Dental: your visit is booked for Thursday, January 14 at 10:30 AM. \
     Questions? Call +12025550142.";

#[test]
fn the_pack_and_its_tests_have_no_mistakes_and_nothing_to_remark() {
    let pack = pack();
    let names: Vec<&str> = pack.workflows.keys().map(WorkflowName::as_str).collect();
    let expected = [
        "billing",
        "booking",
        "cancellation",
        "emr-prefill",
        "insurance-verification",
    ];
    assert_eq!(names, expected);
    let tests = load_tests(&files(), &pack).unwrap_or_else(|found| panic!("{}", rendered(&found)));
    let tested: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(tested, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_is_booked_confirmed_verified_and_prepared() {
    let practice = Practice::open().await;
    let event = practice.accept("booking").await;
    let appointment = practice.record(&event, "appointment").await;
    assert_eq!(appointment.status, "prepared");
    assert_eq!(appointment.fields["chart"], "chart-1001");
    assert_eq!(appointment.fields["plan"], "Family PPO");
    assert_eq!(practice.texts("sms"), [BOOKED]);
    let insurance = practice.sent("insurance");
    let asked =
        json!({ "email": "rosa.martin@example.com", "name": "Rosa Martin", "on": "2027-01-14" });
    assert_eq!(insurance.len(), 1);
    assert_eq!(insurance[0].payload["body"], asked);
    assert_eq!(
        insurance[0].payload["headers"]["Idempotency-Key"],
        insurance[0].idempotency_key
    );
    assert_eq!(practice.sent("emr").len(), 1);
    assert_eq!(practice.executions(&event).await.len(), 3);
    assert_eq!((practice.reviews().len(), practice.errors().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_booking_fifty_times_is_one_execution_one_sms_and_one_answer() {
    let practice = Practice::open().await;
    let request = Arc::new(practice.signed(&Sample::read("booking")));
    let turns = Arc::new(Semaphore::new(8));
    let send = |_| {
        let (system, request) = (Arc::clone(practice.system()), Arc::clone(&request));
        let turns = Arc::clone(&turns);
        async move {
            let _turn = turns.acquire().await.unwrap();
            system.receive(&request).await
        }
    };
    let mut posts: tokio::task::JoinSet<_> = (0..50).map(send).collect();
    let mut answers = Vec::new();
    while let Some(answer) = posts.join_next().await {
        answers.push(answer.unwrap());
    }
    // Copies of a step that is being performed come back when its claim would have run out.
    practice.pass_wait(Duration::from_mins(1)).await;
    practice.quiet().await;
    answers.dedup();
    assert_eq!(answers.len(), 1, "the answers differ: {answers:?}");
    let event = accepted(&answers[0]);
    assert_eq!(practice.executions(&event).await.len(), 3);
    for connection in ["sms", "insurance", "emr"] {
        let calls = practice.sent(connection);
        assert_eq!(calls.len(), 1, "{connection}: {calls:?}");
        assert_eq!(calls[0].repeats, 0, "{connection}: {calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patient_without_a_phone_gets_an_email_instead() {
    let practice = Practice::open().await;
    let event = practice.accept("without-phone").await;
    let mail = practice.sent("email");
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].kind, Kind::Email);
    assert_eq!(mail[0].payload["to"], "sam.okoye@example.com");
    assert_eq!(mail[0].payload["subject"], "Your visit to Lakeside Dental");
    let text = mail[0].payload["body"].as_str().unwrap();
    assert!(
        text.contains("booked for Friday, January 15, 2027 at 9:00 AM"),
        "{text}"
    );
    assert_eq!(practice.sent("sms"), []);
    assert_eq!(
        practice.record(&event, "appointment").await.status,
        "prepared"
    );
    assert_eq!((practice.reviews().len(), practice.errors().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_cancels_and_tells_the_front_desk() {
    let practice = Practice::open().await;
    let booked = practice.accept("booking").await;
    let event = practice.accept("cancellation").await;
    let appointment = practice.record(&event, "appointment").await;
    assert_eq!(
        appointment.id,
        practice.record(&booked, "appointment").await.id
    );
    assert_eq!(appointment.status, "cancelled");
    assert_eq!(appointment.fields["cancel_reason"], "I have a cold");
    let told = practice.sent("front-desk");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].payload["channel"], "#front-desk");
    let text = "Cancelled: Rosa Martin, Thursday, January 14 at 10:30 AM (I have a cold)";
    assert_eq!(told[0].payload["body"], text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_visit_is_cancelled_and_booked_again_under_its_new_time() {
    let practice = Practice::open().await;
    practice.accept("booking").await;
    let from = practice.accept("rescheduled-from").await;
    let to = practice.accept("rescheduled-to").await;
    let (old, new) = (
        practice.record(&from, "appointment").await,
        practice.record(&to, "appointment").await,
    );
    assert_eq!((&*old.status, &*new.status), ("cancelled", "prepared"));
    assert_eq!(old.fields["patient"], new.fields["patient"]);
    assert!(practice.texts("front-desk")[0].starts_with("Moved: Rosa Martin"));
    let moved = "Lakeside Dental: your visit is moved to Thursday, January 21 at 2:00 PM. \
         Questions? Call +12025550142.";
    assert_eq!(practice.texts("sms"), [BOOKED, moved]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_that_arrives_after_its_cancellation_confirms_nothing() {
    let practice = Practice::open().await;
    practice.accept("cancellation").await;
    let event = practice.accept("booking").await;
    assert_eq!(
        practice.record(&event, "appointment").await.status,
        "cancelled"
    );
    assert_eq!(practice.sent("sms"), []);
    assert_eq!(practice.sent("insurance"), []);
    assert_eq!((practice.reviews().len(), practice.errors().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patient_without_cover_is_flagged() {
    let practice = Practice::open().await;
    practice.answer_next("insurance", &[(200, json!({ "active": false }))]);
    let event = practice.accept("booking").await;
    assert_eq!(
        practice.record(&event, "appointment").await.status,
        "flagged"
    );
    assert_eq!(practice.sent("emr"), []);
}

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
    assert_eq!(practice.errors()[0].status, Status::Closed);
    assert_eq!(practice.redrive("call-http").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_payment_is_kept_and_reminded_of_then_settled_and_thanked_for() {
    let practice = Practice::open().await;
    practice.accept("booking").await;
    let event = practice.accept("invoice-payment-failed").await;
    let patient = practice.record(&event, "patient").await;
    assert_eq!(patient.fields["payment"], "failed");
    assert_eq!(patient.fields["amount_due"], "185.00");
    assert_eq!(patient.fields["stripe_customer"], "cus_HoldfastRosa");
    practice.accept("invoice-paid").await;
    let patient = practice.record(&event, "patient").await;
    assert_eq!(patient.fields["payment"], "paid");
    assert_eq!(
        (
            &patient.fields["amount_paid"],
            &patient.fields["amount_due"]
        ),
        (&json!("185.00"), &json!("0.00"))
    );
    let texts = practice.texts("sms");
    let expected = [
        BOOKED,
        "Lakeside Dental: your payment of $185.00 for invoice LAKE-0007 did not go through. Pay at https://invoice.stripe.com/i/acct_holdfast/sample1",
        "Lakeside Dental: thank you, we received $185.00 for invoice LAKE-0007.",
    ];
    assert_eq!(texts, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_arrives_after_the_payment_is_old_news() {
    let practice = Practice::open().await;
    practice.accept("booking").await;
    practice.accept("invoice-paid").await;
    let event = practice.accept("invoice-payment-failed").await;
    assert_eq!(
        practice.record(&event, "patient").await.fields["payment"],
        "paid"
    );
    assert_eq!(practice.sent("sms").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_of_a_stranger_starts_nothing_and_says_why() {
    let practice = Practice::open().await;
    let event = practice.accept("invoice-paid").await;
    let entry = practice.entry(&event).await.unwrap();
    let reasons: Vec<_> = entry
        .decisions
        .iter()
        .map(|decision| &decision.outcome)
        .collect();
    let reason = "the event has no such record".to_owned();
    assert_eq!(reasons, [&Outcome::Skipped { reason }]);
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
    assert_eq!(practice.system().sandbox().deliveries().unwrap(), []);
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
