//! The adapter against a server that answers as Slack does.

use std::time::Duration;

use holdfast_engine::definition::model::ConnectionKind;
use serde_json::json;

use super::*;
use crate::testing::{
    Fixture, Keys, SECRET, Server, client, closed, code, is_maybe, is_not_sent, keys, literal, raw,
};

fn slack() -> Slack<Keys> {
    Slack::new(client(), keys())
}

fn fixture(url: &str) -> Fixture {
    let mut fixture = Fixture::new(ConnectionKind::Slack, url);
    fixture.connection.account = Some(literal("#desk"));
    fixture.connection.auth = Some(Auth::Bearer("slack-token".to_owned()));
    fixture
}

/// A connection whose secret is the URL of an incoming webhook.
fn webhook(url: &str) -> Fixture {
    let mut fixture = fixture("https://unused.example");
    fixture.connection.auth = Some(Auth::Bearer(format!("{url}/services/{SECRET}")));
    fixture
}

async fn post(fixture: &Fixture, channel: Option<&str>) -> Result<Receipt, CallError> {
    let message = ChatMessage {
        channel: channel.map(str::to_owned),
        body: "Hello".to_owned(),
        blocks: Vec::new(),
    };
    slack().post(&fixture.call(), message).await
}

async fn answered(status: u16, body: &str) -> CallError {
    let server = Server::answering(status, &[("Retry-After", "3")], body).await;
    post(&fixture(&server.url), None).await.unwrap_err()
}

#[tokio::test]
async fn a_message_goes_to_its_channel_or_the_connections() {
    let server = Server::answering(200, &[], r#"{"ok":true,"ts":"17.1"}"#).await;
    let fixture = fixture(&server.url);
    for (channel, expected) in [(None, "#desk"), (Some("C1"), "C1")] {
        assert_eq!(post(&fixture, channel).await.unwrap().id, "17.1");
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.uri, "/chat.postMessage");
        assert_eq!(seen.header("authorization"), "Bearer hunter2");
        let body: Json = serde_json::from_slice(&seen.body).unwrap();
        assert_eq!(body, json!({ "channel": expected, "text": "Hello" }));
    }
}

#[tokio::test]
async fn one_secret_serves_every_message_whatever_its_connection_names() {
    let server = Server::answering(200, &[], "ok").await;
    let mut fixture = fixture("https://unused.example");
    fixture.connection.auth = None;
    let name = format!("{}/services/{SECRET}", server.url);
    let message = ChatMessage {
        channel: None,
        body: "Hello".to_owned(),
        blocks: Vec::new(),
    };
    let slack = slack().with_secret(&name);
    let sent = slack.post(&fixture.call(), message).await;
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(
        server.seen().pop().unwrap().uri.to_string(),
        format!("/services/{SECRET}")
    );
}

#[tokio::test]
async fn a_webhook_is_called_without_a_token() {
    let server = Server::answering(200, &[], "ok").await;
    let receipt = post(&webhook(&server.url), None).await.unwrap();
    assert_eq!(receipt.id, "e1:1:confirm.1");
    let seen = server.seen().remove(0);
    assert_eq!(seen.uri, "/services/hunter2");
    assert_eq!(seen.header("authorization"), "");
    assert_eq!(&seen.body[..], br#"{"text":"Hello"}"#);
}

#[tokio::test]
async fn blocks_go_beside_the_text() {
    let server = Server::answering(200, &[], "ok").await;
    let block = json!({ "type": "divider" });
    let message = ChatMessage {
        channel: None,
        body: "Hello".to_owned(),
        blocks: vec![block.clone()],
    };
    let fixture = webhook(&server.url);
    slack().post(&fixture.call(), message).await.unwrap();
    let body: Json = serde_json::from_slice(&server.seen().remove(0).body).unwrap();
    assert_eq!(body, json!({ "text": "Hello", "blocks": [block] }));
}

#[tokio::test]
async fn an_error_in_the_body_is_what_counts() {
    for (body, expected) in [
        (
            r#"{"ok":false,"error":"channel_not_found"}"#,
            "SlackChannelNotFound",
        ),
        (r#"{"ok":false,"error":"invalid_auth"}"#, "SlackInvalidAuth"),
        (r#"{"ok":false}"#, "SlackUnknownError"),
    ] {
        assert_eq!(code(answered(200, body).await), expected);
    }
    let limited = answered(200, r#"{"ok":false,"error":"ratelimited"}"#).await;
    assert!(is_not_sent(&limited));
    let broken = answered(200, r#"{"ok":false,"error":"internal_error"}"#).await;
    assert!(is_maybe(&broken));
}

#[tokio::test]
async fn a_status_that_is_no_success_is_told_apart() {
    let busy = answered(429, "").await;
    let expected = Some(Duration::from_secs(3));
    assert!(matches!(busy, CallError::NotSent { retry_after, .. } if retry_after == expected));
    assert!(is_maybe(&answered(503, "").await));
    assert!(is_maybe(&answered(200, "<html>").await));
    assert_eq!(code(answered(404, "no_service").await), "SlackNoService");
    assert_eq!(code(answered(404, "<html>").await), "HttpStatus404");
}

#[tokio::test]
async fn a_lost_answer_is_uncertain_and_a_refused_connection_is_not() {
    let (url, _serving) = raw(b"", true).await;
    let lost = post(&webhook(&url), None).await.unwrap_err();
    let refused = post(&webhook(&closed().await), None).await.unwrap_err();
    assert!(is_maybe(&lost));
    assert!(is_not_sent(&refused));
    for error in [lost, refused] {
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_that_cannot_work_is_refused() {
    let mut no_channel = fixture("http://127.0.0.1:1");
    no_channel.connection.account = None;
    let error = post(&no_channel, None).await.unwrap_err();
    assert_eq!(code(error), "ConnectionMisconfigured");
    let mut no_auth = fixture("http://127.0.0.1:1");
    no_auth.connection.auth = None;
    let error = post(&no_auth, None).await.unwrap_err();
    assert_eq!(code(error), "ConnectionMisconfigured");
}
