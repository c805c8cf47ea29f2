//! Sends an e-mail.

use std::time::Duration;

use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::port::{Email, EmailMessage};
use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use holdfast_engine::suppression::{Addressed, Channel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sends an e-mail through its provider.
#[derive(Debug, Clone)]
pub struct SendEmail<P> {
    provider: P,
}

impl<P: Email> SendEmail<P> {
    /// The step over this provider.
    pub fn new(provider: P) -> Self {
        Self { provider }
    }
}

/// A message and its recipient.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Input {
    /// The recipient's address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Where replies go, if not to the sender.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// What it is about, if not marketing.
    #[serde(default)]
    pub kind: Kind,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Whatever people may opt out of.
    #[default]
    Marketing,
    /// What the recipient has asked for or must know: it is sent to those who opted out, too.
    Transactional,
}

/// What the provider accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// The message's id.
    pub id: String,
}

impl<P: Email + 'static> Step for SendEmail<P> {
    const SPEC: StepSpec = StepSpec {
        name: "send-email",
        description: "Sends an e-mail.",
        effect: Effect::AtMostOnce,
        timeout: Duration::from_secs(30),
        concurrency: 20,
        connections: &[
            ConnectionKind::Smtp,
            ConnectionKind::Ses,
            ConnectionKind::Sandbox,
        ],
        keeps: Keeps::All,
    };
    const ADDRESSED: Option<Addressed> = Some(Addressed {
        channel: Channel::Email,
        member: "to",
        exempt: Some(("kind", "transactional")),
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

fn message(input: Input) -> Result<EmailMessage, StepError> {
    let refused = |code: &str, message: &str| Err(StepError::permanent(code, message));
    if !is_address(&input.to) {
        return refused("InvalidRecipient", "the recipient is not an e-mail address");
    }
    if input
        .reply_to
        .as_deref()
        .is_some_and(|text| !is_address(text))
    {
        return refused("InvalidReplyTo", "`reply_to` is not an e-mail address");
    }
    if input.subject.trim().is_empty() || input.subject.chars().any(char::is_control) {
        return refused("InvalidSubject", "the subject is not one line of text");
    }
    if input.body.trim().is_empty() {
        return refused("EmptyBody", "the message has no text");
    }
    Ok(EmailMessage {
        to: input.to,
        subject: input.subject,
        body: input.body,
        reply_to: input.reply_to,
    })
}

/// One address and nothing else: what a provider could read as two, or as a header, is refused.
fn is_address(text: &str) -> bool {
    let plain = |c: char| !(c.is_whitespace() || c.is_control() || "<>,;()\"\\".contains(c));
    let halves = text.rsplit_once('@');
    halves.is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !local.contains('@') && text.chars().all(plain)
    })
}

#[cfg(test)]
mod tests;
