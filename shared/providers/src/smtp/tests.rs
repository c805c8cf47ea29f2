//! The adapter against a mail server that plays a script.

use holdfast_engine::definition::model::ConnectionKind;

use super::stub::{Deed, END, Script, Stub};
use super::*;
use crate::testing::{Fixture, SECRET, code, is_maybe, is_not_sent, keys, literal};

fn fixture(url: &str) -> Fixture {
    let mut fixture = Fixture::new(ConnectionKind::Smtp, url);
    fixture.connection.from = Some(literal("Clinic <desk@clinic.example>"));
    fixture.connection.auth = Some(Auth::Basic {
        user: "clinic".to_owned(),
        secret: "smtp-password".to_owned(),
    });
    fixture
}

fn message() -> EmailMessage {
    EmailMessage {
        to: "ana@patients.example".to_owned(),
        subject: "Your appointment".to_owned(),
        body: "See you.\n.\nDr. Ödegård".to_owned(),
        reply_to: Some("reply@clinic.example".to_owned()),
    }
}

async fn send(fixture: &Fixture) -> Result<Receipt, CallError> {
    Smtp::new(keys()).send(&fixture.call(), message()).await
}

async fn scripted(script: Script) -> CallError {
    let stub = Stub::start(script).await;
    let mut fixture = fixture(&stub.url);
    // Long enough for a slow machine to reach the end of the message.
    if let Some((at, Deed::Hang)) = script {
        fixture.timeout = Duration::from_millis(if at == END { 1500 } else { 100 });
    }
    send(&fixture).await.unwrap_err()
}

#[tokio::test]
async fn a_message_is_delivered_whole_under_an_id_from_its_key() {
    let stub = Stub::start(None).await;
    let fixture = fixture(&stub.url);
    let first = send(&fixture).await.unwrap();
    let heard = stub.heard();
    assert!(first.id.ends_with("@clinic.example>"), "{}", first.id);
    for line in [
        "MAIL FROM:<desk@clinic.example>".to_owned(),
        "RCPT TO:<ana@patients.example>".to_owned(),
        format!("Message-ID: {}", first.id),
        "Subject: Your appointment".to_owned(),
        "Reply-To: reply@clinic.example".to_owned(),
        "QUIT".to_owned(),
    ] {
        assert!(heard.contains(&line), "{line} in {heard:#?}");
    }
    assert_eq!(heard.iter().filter(|line| *line == END).count(), 1);
    assert_eq!(send(&fixture).await.unwrap(), first);
}

#[tokio::test]
async fn before_the_message_a_lost_connection_sent_nothing() {
    for at in ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"] {
        for deed in [Deed::Close, Deed::Hang] {
            let error = scripted(Some((at, deed))).await;
            assert!(is_not_sent(&error), "{at} {deed:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn after_the_message_a_lost_connection_leaves_it_open() {
    for deed in [Deed::Close, Deed::Hang, Deed::Answer("what")] {
        let error = scripted(Some((END, deed))).await;
        assert!(is_maybe(&error), "{deed:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_negative_reply_is_definite_at_any_time() {
    for at in ["AUTH", "MAIL", "RCPT", "DATA", END] {
        for reply in ["421 closing", "450 busy", "451 later", "452 full"] {
            let busy = scripted(Some((at, Deed::Answer(reply)))).await;
            assert!(is_not_sent(&busy), "{at} {reply}: {busy:?}");
        }
        let never = scripted(Some((at, Deed::Answer("550 no")))).await;
        assert_eq!(code(never), "Smtp550", "{at}");
    }
}

#[tokio::test]
async fn a_refusal_hides_the_recipient_and_the_password() {
    let script = Some(("RCPT", Deed::Answer("550 <ana@patients.example> unknown")));
    let error = scripted(script).await;
    assert!(
        error.to_string().contains("<the recipient> unknown"),
        "{error}"
    );
    let refused = scripted(Some(("AUTH", Deed::Answer("535 bad password")))).await;
    assert!(!format!("{error:?} {refused:?}").contains(SECRET));
    assert!(!error.to_string().contains("ana@patients.example"));
}

#[tokio::test]
async fn a_server_that_offers_no_starttls_gets_nothing() {
    let stub = Stub::start(None).await;
    let fixture = fixture(stub.url.trim_end_matches("?tls=none"));
    assert!(send(&fixture).await.is_err());
    assert!(stub.heard().iter().all(|line| line.starts_with("EHLO")));
}

#[tokio::test]
async fn an_address_inside_the_network_is_refused_unless_allowed() {
    let stub = Stub::start(None).await;
    let mut fixture = fixture(stub.url.trim_end_matches("?tls=none"));
    fixture.connection.private = false;
    assert_eq!(code(send(&fixture).await.unwrap_err()), "AddressRefused");
    assert!(stub.heard().is_empty());
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    let stub = Stub::start(None).await;
    let fixture = fixture(&stub.url);
    let message = EmailMessage {
        to: "nobody".to_owned(),
        ..message()
    };
    let error = Smtp::new(keys()).send(&fixture.call(), message).await;
    assert_eq!(code(error.unwrap_err()), "InvalidRecipient");
    assert!(stub.heard().is_empty());
}
