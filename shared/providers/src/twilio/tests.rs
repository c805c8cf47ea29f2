//! The adapter against a server that answers as Twilio does.

use std::time::Duration;

use holdfast_engine::definition::model::ConnectionKind;

use super::*;
use crate::testing::{
    Fixture, Keys, SECRET, Server, client, closed, code, is_maybe, is_not_sent, keys, literal, raw,
};

const ACCEPTED: &str = r#"{"sid":"SM1","status":"queued"}"#;

type Spoil = fn(&mut Fixture);

fn twilio() -> Twilio<Keys> {
    Twilio::new(client(), keys())
}

fn fixture(url: &str) -> Fixture {
    let mut fixture = Fixture::new(ConnectionKind::Twilio, url);
    fixture.connection.account = Some(literal("AC1"));
    fixture.connection.from = Some(literal("+15550199"));
    fixture.connection.auth = Some(Auth::Bearer("twilio-token".to_owned()));
    fixture
}

async fn send(fixture: &Fixture) -> Result<Receipt, CallError> {
    let message = SmsMessage {
        to: "+15550100".to_owned(),
        body: "Hello & é".to_owned(),
    };
    twilio().send(&fixture.call(), message).await
}

async fn answered(status: u16, body: &str) -> CallError {
    let server = Server::answering(status, &[("Retry-After", "3")], body).await;
    send(&fixture(&server.url)).await.unwrap_err()
}

fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_message_is_a_form_to_its_account() {
    let server = Server::answering(201, &[], ACCEPTED).await;
    let mut fixture = fixture(&server.url);
    fixture.callback = Some("https://h.example/hooks/demo/twilio?ref=r");
    assert_eq!(send(&fixture).await.unwrap().id, "SM1");
    let seen = server.seen().remove(0);
    assert_eq!(seen.uri, "/2010-04-01/Accounts/AC1/Messages.json");
    assert_eq!(seen.header("authorization"), "Basic QUMxOmh1bnRlcjI=");
    let expected = form(&[
        ("To", "+15550100"),
        ("From", "+15550199"),
        ("Body", "Hello & é"),
        (
            "StatusCallback",
            "https://h.example/hooks/demo/twilio?ref=r",
        ),
    ]);
    assert_eq!(seen.form(), expected);
}

#[tokio::test]
async fn a_messaging_service_and_an_api_key_take_their_own_places() {
    let server = Server::answering(201, &[], ACCEPTED).await;
    let mut fixture = fixture(&server.url);
    fixture.connection.from = Some(literal("MG1"));
    fixture.connection.auth = Some(Auth::Basic {
        user: "SK1".to_owned(),
        secret: "twilio-key".to_owned(),
    });
    send(&fixture).await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!(seen.uri, "/2010-04-01/Accounts/AC1/Messages.json");
    assert_eq!(seen.header("authorization"), "Basic U0sxOmh1bnRlcjI=");
    assert!(
        seen.form()
            .contains(&form(&[("MessagingServiceSid", "MG1")])[0])
    );
}

#[tokio::test]
async fn a_refusal_keeps_twilios_number_and_hides_the_recipient() {
    let body = r#"{"code":21211,"message":"The 'To' number +15550100 is not valid","status":400}"#;
    let error = answered(400, body).await;
    assert!(!error.to_string().contains("+15550100"), "{error}");
    assert_eq!(code(error), "Twilio21211");
    assert_eq!(code(answered(401, "denied").await), "HttpStatus401");
}

#[tokio::test]
async fn a_busy_or_failing_twilio_is_told_apart() {
    let busy = answered(429, r#"{"code":20429}"#).await;
    let expected = Some(Duration::from_secs(3));
    assert!(matches!(busy, CallError::NotSent { retry_after, .. } if retry_after == expected));
    assert!(is_maybe(&answered(500, "").await));
    assert!(is_maybe(&answered(503, "").await));
    assert!(is_maybe(&answered(200, "<html>hello</html>").await));
}

#[tokio::test]
async fn a_lost_answer_is_uncertain_and_a_refused_connection_is_not() {
    let (url, _serving) = raw(b"", true).await;
    assert!(is_maybe(&send(&fixture(&url)).await.unwrap_err()));
    let (url, _serving) = raw(b"", false).await;
    let mut slow = fixture(&url);
    slow.timeout = Duration::from_millis(50);
    assert!(is_maybe(&send(&slow).await.unwrap_err()));
    let error = send(&fixture(&closed().await)).await.unwrap_err();
    assert!(is_not_sent(&error));
    assert!(!error.to_string().contains(SECRET));
}

#[tokio::test]
async fn a_connection_that_cannot_work_is_refused_before_any_call() {
    let server = Server::answering(201, &[], ACCEPTED).await;
    let spoils: [Spoil; 4] = [
        |f| f.connection.account = None,
        |f| f.connection.account = Some(literal("AC1/../AC2")),
        |f| f.connection.from = None,
        |f| f.connection.auth = None,
    ];
    for spoil in spoils {
        let mut fixture = fixture(&server.url);
        spoil(&mut fixture);
        let error = send(&fixture).await.unwrap_err();
        assert_eq!(code(error), "ConnectionMisconfigured");
    }
    assert!(server.seen().is_empty());
}
