//! Sends a text message.

use std::time::Duration;

use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::port::{Sms, SmsMessage};
use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use holdfast_engine::suppression::{Addressed, Channel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sends a text message through its provider.
#[derive(Debug, Clone)]
pub struct SendSms<P> {
    provider: P,
}

impl<P: Sms> SendSms<P> {
    /// The step over this provider.
    pub fn new(provider: P) -> Self {
        Self { provider }
    }
}

/// A message and its recipient.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Input {
    /// The recipient in E.164: `+15550100`.
    pub to: String,
    /// The text.
    pub body: String,
}

/// What the provider accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// The provider's id of the message.
    pub id: String,
}

impl<P: Sms + 'static> Step for SendSms<P> {
    const SPEC: StepSpec = StepSpec {
        name: "send-sms",
        description: "Sends a text message.",
        effect: Effect::AtMostOnce,
        timeout: Duration::from_secs(15),
        concurrency: 50,
        connections: &[ConnectionKind::Twilio, ConnectionKind::Sandbox],
        keeps: Keeps::All,
    };
    const ADDRESSED: Option<Addressed> = Some(Addressed {
        channel: Channel::Sms,
        member: "to",
        exempt: None,
    });
    type Input = Input;
    type Output = Output;

    async fn perform(&self, ctx: &StepContext<'_>, input: Input) -> Result<Output, StepError> {
        let call = ctx.connected()?;
        let message = message(input)?;
        let receipt = self.provider.send(&call, message).await?;
        Ok(Output { id: receipt.id })
    }
}

fn message(input: Input) -> Result<SmsMessage, StepError> {
    if !is_e164(&input.to) {
        let message = "the recipient is not a phone number in E.164, such as +15550100";
        return Err(StepError::permanent("InvalidRecipient", message));
    }
    if input.body.trim().is_empty() {
        return Err(StepError::permanent("EmptyBody", "the message has no text"));
    }
    Ok(SmsMessage {
        to: input.to,
        body: input.body,
    })
}

/// A plus sign, then 7 to 15 digits of which the first is not zero.
fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

#[cfg(test)]
mod tests;
