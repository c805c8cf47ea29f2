//! The step over a provider that remembers what it was asked to post.

use std::sync::Mutex;

use holdfast_engine::definition::model::{Connection, ConnectionKind};
use holdfast_engine::name::ConnectionName;
use holdfast_engine::port::{Call, CallError, Receipt};
use holdfast_engine::step::Sample;

use super::*;

const EVENT: &str = include_str!("../../../events/post-chat.json");

#[derive(Default)]
struct Provider {
    busy: Option<Duration>,
    posted: Mutex<Vec<ChatMessage>>,
}

impl Chat for Provider {
    async fn post(&self, _call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        if self.busy.is_some() {
            return Err(CallError::NotSent {
                message: "the receiver answered 429".to_owned(),
                retry_after: self.busy,
            });
        }
        self.posted.lock().unwrap().push(message);
        Ok(Receipt {
            id: "1700000000.000100".to_owned(),
        })
    }
}

fn sample() -> Sample {
    let name = ConnectionName::new("desk").unwrap();
    let connection = Connection::new(name, ConnectionKind::Slack);
    Sample::read(EVENT, "post-chat", connection).unwrap()
}

async fn perform(step: &PostChat<Provider>, input: Input) -> Result<Output, StepError> {
    step.perform(&sample().context(), input).await
}

#[tokio::test]
async fn a_message_without_a_channel_goes_to_the_connections_own() {
    let step = PostChat::new(Provider::default());
    let output = perform(&step, sample().input().unwrap()).await.unwrap();
    assert_eq!(output.id, "1700000000.000100");
    let posted = step.provider.posted.lock().unwrap();
    assert_eq!(posted[0].channel, None);
    assert_eq!(posted[0].body, "Ana cancelled her appointment.");
}

#[tokio::test]
async fn a_busy_receiver_says_when_to_come_back() {
    let busy = Some(Duration::from_secs(30));
    let step = PostChat::new(Provider {
        busy,
        ..Provider::default()
    });
    let input = sample().input().unwrap();
    let error = perform(&step, input).await.unwrap_err();
    assert!(matches!(error, StepError::Transient { .. }));
    assert_eq!(error.retry_after(), busy);
}

#[tokio::test]
async fn a_blank_text_is_never_posted() {
    let step = PostChat::new(Provider::default());
    let input = Input {
        body: "\t".to_owned(),
        channel: None,
    };
    assert_eq!(perform(&step, input).await.unwrap_err().code(), "EmptyBody");
    assert!(step.provider.posted.lock().unwrap().is_empty());
}
