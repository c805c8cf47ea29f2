//! The step over a provider that remembers what it was asked to send.

use std::sync::Mutex;

use holdfast_engine::definition::model::{Connection, ConnectionKind};
use holdfast_engine::name::ConnectionName;
use holdfast_engine::port::{Call, CallError, Receipt};
use holdfast_engine::step::Sample;

use super::*;

const EVENT: &str = include_str!("../../../events/send-sms.json");
const INVALID: &str = include_str!("../../../events/send-sms.invalid-recipient.json");

/// Remembers keys and messages, and gives one answer.
struct Provider {
    answer: Result<Receipt, CallError>,
    sent: Mutex<Vec<(String, SmsMessage)>>,
}

impl Sms for Provider {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        let mut sent = self.sent.lock().unwrap();
        sent.push((call.key.to_owned(), message));
        self.answer.clone()
    }
}

fn step(answer: Result<Receipt, CallError>) -> SendSms<Provider> {
    SendSms::new(Provider {
        answer,
        sent: Mutex::default(),
    })
}

fn accepting() -> SendSms<Provider> {
    step(Ok(Receipt {
        id: "SM1".to_owned(),
    }))
}

fn sample(text: &str) -> Sample {
    let name = ConnectionName::new("sms").unwrap();
    let connection = Connection::new(name, ConnectionKind::Twilio);
    Sample::read(text, "send-sms", connection).unwrap()
}

async fn perform(step: &SendSms<Provider>, event: &str) -> Result<Output, StepError> {
    let sample = sample(event);
    step.perform(&sample.context(), sample.input().unwrap())
        .await
}

#[tokio::test]
async fn a_message_is_sent_under_the_key_of_its_step() {
    let step = accepting();
    let output = perform(&step, EVENT).await.unwrap();
    assert_eq!(output.id, "SM1");
    let sent = step.provider.sent.lock().unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, sample(EVENT).context().key);
    assert_eq!(sent[0].1.to, "+15550100");
    assert_eq!(sent[0].1.body, "Your appointment is booked.");
}

#[tokio::test]
async fn a_redelivered_step_uses_the_same_key() {
    let step = accepting();
    perform(&step, EVENT).await.unwrap();
    perform(&step, EVENT).await.unwrap();
    let sent = step.provider.sent.lock().unwrap();
    assert_eq!(sent[0], sent[1]);
}

#[tokio::test]
async fn a_recipient_that_is_no_phone_number_is_never_called() {
    let step = accepting();
    let error = perform(&step, INVALID).await.unwrap_err();
    assert_eq!(error.code(), "InvalidRecipient");
    assert!(matches!(error, StepError::Permanent { .. }));
    assert!(step.provider.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_unknown() {
    let step = step(Err(CallError::Maybe {
        message: "timed out".to_owned(),
        retry_after: None,
    }));
    let error = perform(&step, EVENT).await.unwrap_err();
    assert!(matches!(error, StepError::Unknown { .. }));
}

#[test]
fn only_e164_is_a_phone_number() {
    for good in ["+15550100", "+4930123456", "+123456789012345"] {
        assert!(is_e164(good), "{good}");
    }
    for bad in [
        "",
        "+",
        "15550100",
        "+05550100",
        "+1 555 0100",
        "+123456",
        "+1234567890123456",
        "+1555010a",
    ] {
        assert!(!is_e164(bad), "{bad}");
    }
}

#[test]
fn a_blank_text_is_refused() {
    let input = Input {
        to: "+15550100".to_owned(),
        body: " \n".to_owned(),
    };
    assert_eq!(message(input).unwrap_err().code(), "EmptyBody");
}
