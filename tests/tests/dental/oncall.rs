//! What the people on call hear of what goes wrong in the practice, and how its health shows.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::door;
use holdfast_embedded::sandbox::Delivery;
use holdfast_engine::alert;
use holdfast_engine::operation::{ErrorRecord, Mark, Operation};
use holdfast_engine::port::{Clock as _, Outgoing, Ports as _, Queue as _, QueueName};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::practice::{Practice, tenant};

fn texts(alerts: &[Delivery]) -> Vec<(String, String)> {
    let text = |one: &Delivery| {
        let body = one.payload["body"].as_str().unwrap();
        (one.connection.to_string(), body.to_owned())
    };
    alerts.iter().map(text).collect()
}

async fn failed() -> (Practice, ErrorRecord) {
    let practice = Practice::open().await;
    practice.answer_next("emr", &[(422, json!({ "message": "no such patient" }))]);
    practice.accept("booking").await;
    let error = practice.errors().remove(0);
    (practice, error)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_wakes_the_phone_and_shows_in_chat_with_the_commands() {
    let (practice, error) = failed().await;
    let texts = texts(&practice.alerts());
    let connections: Vec<_> = texts
        .iter()
        .map(|(connection, _)| connection.as_str())
        .collect();
    assert_eq!(connections, ["pager", "oncall"], "{texts:?}");
    let (show, execution) = (
        format!("holdfast errors show {}", error.id),
        error.execution.unwrap(),
    );
    assert!(
        texts.iter().all(|(_, text)| text.contains(&show)),
        "{texts:?}"
    );
    assert!(
        texts[1]
            .1
            .contains(&format!("holdfast redrive --ref {execution}")),
        "{texts:?}"
    );
    assert!(
        texts.iter().all(|(_, text)| !text.contains("rosa.martin")),
        "{texts:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_called_again_once_somebody_answered() {
    let (practice, error) = failed().await;
    let ports = practice.system().ports();
    let by = Mark {
        by: "ann".to_owned(),
        at: ports.clock().now(),
        reason: None,
    };
    let key = Operation::Error(error).key();
    alert::acknowledge(ports.as_ref(), &key, &by).await.unwrap();
    let before = practice.alerts().len();
    for _ in 0..6 {
        practice.pass_wait(Duration::from_mins(5)).await;
    }
    practice.quiet().await;
    let after = texts(&practice.alerts());
    let canaries = after
        .iter()
        .filter(|(_, text)| text.starts_with("P2 canary"));
    assert_eq!(after.len() - canaries.count(), before, "{after:?}");
}

async fn health(practice: &Practice) -> (u16, Json) {
    let routes = door::routes(Arc::clone(practice.system()), false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = tokio::select! {
        answer = asked => answer,
        served = axum::serve(listener, routes).into_future() => panic!("{served:?}"),
    };
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_silent_shows_in_the_health_until_a_canary_arrives() {
    let practice = Practice::open().await;
    assert_eq!(health(&practice).await, (200, json!({ "status": "ok" })));
    let gone = (410, Json::Null);
    practice.answer_next("oncall", &[gone]);
    for minutes in [1, 1, 70] {
        practice.pass_wait(Duration::from_mins(minutes)).await;
    }
    practice.quiet().await;
    let (status, body) = health(&practice).await;
    assert_eq!((status, &body["status"]), (200, &json!("degraded")));
    let reason = body["reasons"][0].as_str().unwrap();
    assert!(
        reason.starts_with("alert path of `demo` silent since 2026-11-20T10:0"),
        "{reason}"
    );
    for _ in 0..2 {
        practice.pass_wait(Duration::from_hours(7 * 24)).await;
        practice.quiet().await;
    }
    assert_eq!(health(&practice).await, (200, json!({ "status": "ok" })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_that_nobody_recorded_is_found_by_the_sweep() {
    let practice = Practice::open().await;
    let ports = practice.system().ports();
    let lost = Outgoing {
        queue: QueueName::of("nobody-listens"),
        body: r#"{"lost":true}"#.to_owned(),
        delay: Duration::ZERO,
        tenant: tenant(),
        created: ports.clock().now(),
    };
    ports.queue().send(vec![lost]).await.unwrap();
    for _ in 0..8 {
        let queue = QueueName::of("nobody-listens");
        let received = ports.queue().receive(&queue, 1).await.unwrap().remove(0);
        ports
            .queue()
            .settle(&received, holdfast_engine::port::Verdict::Fail);
    }
    let found = async {
        while practice.errors().is_empty() {
            practice.pass_wait(Duration::from_mins(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found)
        .await
        .unwrap();
    let errors = practice.errors();
    assert_eq!(
        (&*errors[0].code, &*errors[0].function),
        ("DeadLettered", "nobody-listens")
    );
    assert_eq!(errors[0].envelope, r#"{"lost":true}"#);
}
