//! The step over a provider that remembers what it was asked to send.

use std::sync::Mutex;

use holdfast_engine::definition::model::Idempotency;
use holdfast_engine::name::ConnectionName;
use holdfast_engine::port::{Call, CallError, HttpRequest};
use holdfast_engine::step::Sample;
use serde_json::json;

use super::*;

const POST: &str = include_str!("../../../events/call-http.json");
const GET: &str = include_str!("../../../events/call-http.get.json");
const ESCAPING: &str = include_str!("../../../events/call-http.escaping-path.json");

struct Provider {
    answer: Result<HttpResponse, CallError>,
    sent: Mutex<Vec<HttpRequest>>,
}

impl Http for Provider {
    async fn send(
        &self,
        _call: &Call<'_>,
        request: HttpRequest,
    ) -> Result<HttpResponse, CallError> {
        self.sent.lock().unwrap().push(request);
        self.answer.clone()
    }
}

fn step(answer: Result<HttpResponse, CallError>) -> CallHttp<Provider> {
    CallHttp::new(Provider {
        answer,
        sent: Mutex::default(),
    })
}

fn answering(status: u16, body: Json) -> CallHttp<Provider> {
    step(Ok(HttpResponse {
        status,
        headers: BTreeMap::new(),
        body,
    }))
}

fn connection(idempotent: bool) -> Connection {
    let name = ConnectionName::new("insurer").unwrap();
    let mut connection = Connection::new(name, ConnectionKind::Http);
    connection.idempotency = idempotent.then(|| Idempotency {
        header: "Idempotency-Key".to_owned(),
        window: Duration::from_hours(24),
    });
    connection
}

async fn perform(step: &CallHttp<Provider>, event: &str) -> Result<Output, StepError> {
    let sample = Sample::read(event, "call-http", connection(true)).unwrap();
    step.perform(&sample.context(), sample.input().unwrap())
        .await
}

fn sent(step: &CallHttp<Provider>) -> HttpRequest {
    step.provider.sent.lock().unwrap().remove(0)
}

#[tokio::test]
async fn a_post_carries_its_body_and_the_key() {
    let step = answering(200, json!({"eligible": true}));
    let output = perform(&step, POST).await.unwrap();
    assert_eq!(output.body, json!({"eligible": true}));
    let request = sent(&step);
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, "/v1/eligibility/M%2F1");
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    };
    assert_eq!(
        request.query,
        pairs(&[("plan", "a"), ("plan", "b"), ("strict", "true")])
    );
    let key = "k3v7q2m5x4t6w7z2a3b4c5d6e7:1:verify.1";
    assert_eq!(
        request.headers,
        pairs(&[
            ("X-Office", "north"),
            ("content-type", "application/json"),
            ("Idempotency-Key", key)
        ])
    );
    let body: Json = serde_json::from_slice(&request.body.unwrap()).unwrap();
    assert_eq!(body, json!({"member": "M/1", "on": "2026-11-20"}));
}

#[tokio::test]
async fn a_redelivered_step_sends_the_same_bytes() {
    let step = answering(200, Json::Null);
    perform(&step, POST).await.unwrap();
    perform(&step, POST).await.unwrap();
    assert_eq!(sent(&step), sent(&step));
}

#[tokio::test]
async fn a_get_has_no_body_and_no_key() {
    let step = answering(204, Json::Null);
    assert_eq!(perform(&step, GET).await.unwrap().status, 204);
    let request = sent(&step);
    assert_eq!(request.method, "GET");
    assert_eq!((request.body, request.headers.len()), (None, 0));
}

#[tokio::test]
async fn a_path_that_escapes_is_never_called() {
    let step = answering(200, Json::Null);
    let error = perform(&step, ESCAPING).await.unwrap_err();
    assert_eq!(error.code(), "InvalidPath");
    assert!(step.provider.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_status_that_is_no_success_is_permanent_and_keeps_its_reason() {
    for (status, body, message) in [
        (
            404,
            json!({"error": "no such member"}),
            "the receiver answered 404: no such member",
        ),
        (
            422,
            json!({"error": {"message": "no plan"}}),
            "the receiver answered 422: no plan",
        ),
        (304, Json::Null, "the receiver answered 304"),
    ] {
        let error = perform(&answering(status, body), GET).await.unwrap_err();
        assert_eq!(error.code(), format!("HttpStatus{status}"));
        assert_eq!(error.to_string(), message);
        assert!(matches!(error, StepError::Permanent { .. }));
    }
}

#[tokio::test]
async fn what_may_have_happened_stays_uncertain() {
    let retry_after = Some(Duration::from_secs(7));
    let step = step(Err(CallError::Maybe {
        message: "the receiver answered 503".to_owned(),
        retry_after,
    }));
    let error = perform(&step, POST).await.unwrap_err();
    assert!(matches!(error, StepError::Unknown { .. }));
    assert_eq!(error.retry_after(), retry_after);
}

#[test]
fn reading_is_harmless_and_writing_is_as_the_connection_says() {
    let effect = |mut input: Json, idempotent| {
        input["path"] = json!("/a");
        CallHttp::<Provider>::effect(&input, Some(&connection(idempotent)))
    };
    for read in [json!({}), json!({"method": "head"})] {
        assert_eq!(effect(read, false), Effect::Keyed);
    }
    for write in [json!({"json": {}}), json!({"method": "DELETE"})] {
        assert_eq!(effect(write.clone(), false), Effect::AtMostOnce);
        assert_eq!(effect(write, true), Effect::Keyed);
    }
}

async fn treated(status: u16, treatment: Treatment) -> Result<Output, StepError> {
    let mut connection = connection(false);
    connection.treat.insert(status, treatment);
    let sample = Sample::read(POST, "call-http", connection).unwrap();
    let step = answering(status, json!({"order": "o-1"}));
    step.perform(&sample.context(), sample.input().unwrap())
        .await
}

#[tokio::test]
async fn a_status_means_what_its_connection_says() {
    for status in [200, 302, 404, 409, 429, 503] {
        let result = treated(status, Treatment::Success).await.unwrap();
        assert_eq!(result.status, status);
        assert_eq!(result.body, json!({"order": "o-1"}));
        let code = format!("HttpStatus{status}");
        let permanent = treated(status, Treatment::Permanent).await.unwrap_err();
        assert!(matches!(permanent, StepError::Permanent { code: found, .. } if found == code));
        let review = treated(status, Treatment::Review).await.unwrap_err();
        assert!(matches!(review, StepError::NeedsReview { code: found, .. } if found == code));
        let transient = treated(status, Treatment::Transient).await.unwrap_err();
        assert!(matches!(transient, StepError::Transient { .. }));
    }
}

#[tokio::test]
async fn a_status_of_which_the_connection_says_nothing_means_what_it_always_does() {
    let mut connection = connection(false);
    connection.treat.insert(409, Treatment::Success);
    let sample = Sample::read(POST, "call-http", connection).unwrap();
    let step = answering(404, Json::Null);
    let error = step
        .perform(&sample.context(), sample.input().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "HttpStatus404");
}
