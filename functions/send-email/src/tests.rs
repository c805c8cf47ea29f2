//! The step over a provider that remembers what it was asked to send.

use std::sync::Mutex;

use holdfast_engine::definition::model::{Connection, ConnectionKind};
use holdfast_engine::name::ConnectionName;
use holdfast_engine::port::{Call, CallError, Receipt};
use holdfast_engine::step::Sample;

use super::*;

const EVENT: &str = include_str!("../../../events/send-email.json");

#[derive(Default)]
struct Provider {
    refuse: bool,
    sent: Mutex<Vec<(String, EmailMessage)>>,
}

impl Email for Provider {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        if self.refuse {
            return Err(CallError::Refused {
                code: "Smtp550".to_owned(),
                message: "the server answered 550".to_owned(),
            });
        }
        let mut sent = self.sent.lock().unwrap();
        sent.push((call.key.to_owned(), message));
        Ok(Receipt {
            id: "<1@clinic.example>".to_owned(),
        })
    }
}

type Spoil = fn(&mut Input);

fn sample() -> Sample {
    let name = ConnectionName::new("email").unwrap();
    let connection = Connection::new(name, ConnectionKind::Smtp);
    Sample::read(EVENT, "send-email", connection).unwrap()
}

async fn perform(step: &SendEmail<Provider>, input: Input) -> Result<Output, StepError> {
    step.perform(&sample().context(), input).await
}

fn input() -> Input {
    sample().input().unwrap()
}

#[tokio::test]
async fn a_message_is_sent_as_given_under_the_key_of_its_step() {
    let step = SendEmail::new(Provider::default());
    let output = perform(&step, input()).await.unwrap();
    assert_eq!(output.id, "<1@clinic.example>");
    let sent = step.provider.sent.lock().unwrap();
    assert_eq!(sent[0].0, sample().context().key);
    assert_eq!(sent[0].1.to, "ana@patients.example");
    assert_eq!(sent[0].1.subject, "Your appointment");
    assert_eq!(sent[0].1.reply_to.as_deref(), Some("desk@clinic.example"));
}

#[tokio::test]
async fn a_refusal_keeps_its_code() {
    let step = SendEmail::new(Provider {
        refuse: true,
        ..Provider::default()
    });
    let error = perform(&step, input()).await.unwrap_err();
    assert_eq!(error.code(), "Smtp550");
    assert!(matches!(error, StepError::Permanent { .. }));
}

#[tokio::test]
async fn what_cannot_be_an_email_is_refused_before_the_provider() {
    let refused: [(&str, Spoil); 5] = [
        ("InvalidRecipient", |i| {
            i.to = "a@b.example, c@d.example".to_owned();
        }),
        ("InvalidRecipient", |i| i.to = "nobody".to_owned()),
        ("InvalidReplyTo", |i| i.reply_to = Some("x@".to_owned())),
        ("InvalidSubject", |i| {
            i.subject = "Hi\r\nBcc: x@y.example".to_owned();
        }),
        ("EmptyBody", |i| i.body = String::new()),
    ];
    for (code, spoil) in refused {
        let step = SendEmail::new(Provider::default());
        let mut input = input();
        spoil(&mut input);
        assert_eq!(perform(&step, input).await.unwrap_err().code(), code);
        assert!(step.provider.sent.lock().unwrap().is_empty());
    }
}
