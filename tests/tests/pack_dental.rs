//! The dental pack, from its files to what a practice's patients and staff receive.

mod dental;
mod practice;

use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::sandbox::Kind;
use holdfast_engine::definition::load_tests;
use holdfast_engine::name::WorkflowName;
use practice::{Practice, Sample, accepted, files, pack, rendered};
use serde_json::json;
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
    let post = |_| {
        let (system, request) = (Arc::clone(practice.system()), Arc::clone(&request));
        let turns = Arc::clone(&turns);
        async move {
            let _turn = turns.acquire().await.unwrap();
            system.receive(&request).await
        }
    };
    let mut posts: tokio::task::JoinSet<_> = (0..50).map(post).collect();
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
