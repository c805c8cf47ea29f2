//! Posts a message to a chat channel.

use std::time::Duration;

use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::port::{Chat, ChatMessage};
use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Posts a message through its provider.
#[derive(Debug, Clone)]
pub struct PostChat<P> {
    provider: P,
}

impl<P: Chat> PostChat<P> {
    /// The step over this provider.
    pub fn new(provider: P) -> Self {
        Self { provider }
    }
}

/// A message and its channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Input {
    /// The text.
    pub body: String,
    /// The channel; unset: the connection's own.
    #[serde(default)]
    pub channel: Option<String>,
}

/// What the provider accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// The provider's id of the message.
    pub id: String,
}

impl<P: Chat + 'static> Step for PostChat<P> {
    const SPEC: StepSpec = StepSpec {
        name: "post-chat",
        description: "Posts a message to a chat channel.",
        effect: Effect::AtMostOnce,
        timeout: Duration::from_secs(10),
        concurrency: 10,
        connections: &[ConnectionKind::Slack, ConnectionKind::Sandbox],
        keeps: Keeps::All,
    };
    type Input = Input;
    type Output = Output;

    async fn perform(&self, ctx: &StepContext<'_>, input: Input) -> Result<Output, StepError> {
        let call = ctx.connected()?;
        let message = message(input)?;
        let receipt = self.provider.post(&call, message).await?;
        Ok(Output { id: receipt.id })
    }
}

fn message(input: Input) -> Result<ChatMessage, StepError> {
    if input.body.trim().is_empty() {
        return Err(StepError::permanent("EmptyBody", "the message has no text"));
    }
    Ok(ChatMessage {
        channel: input.channel,
        body: input.body,
        blocks: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
