//! Every provider that both modes share, as one: each connection is answered by its own kind's.

use std::sync::Arc;

use holdfast_engine::definition::model::ConnectionKind;
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Email, EmailMessage, Http, HttpRequest, HttpResponse,
    Receipt, Secrets, Sms, SmsMessage,
};

use crate::failure::refused;
use crate::{Client, ReqwestHttp, SetupError, Slack, Smtp, Twilio};

/// The providers behind connections.
#[derive(Debug)]
pub struct Providers<S> {
    http: ReqwestHttp<S>,
    twilio: Twilio<S>,
    smtp: Smtp<S>,
    slack: Slack<S>,
}

impl<S: Secrets> Providers<S> {
    /// Providers with these secrets.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(secrets: &Arc<S>) -> Result<Self, SetupError> {
        let (client, secrets) = (Client::new()?, || Arc::clone(secrets));
        Ok(Self {
            http: ReqwestHttp::new(client.clone(), secrets()),
            twilio: Twilio::new(client.clone(), secrets()),
            smtp: Smtp::new(secrets()),
            slack: Slack::new(client, secrets()),
        })
    }
}

impl<S: Secrets> Http for Providers<S> {
    async fn send(&self, call: &Call<'_>, request: HttpRequest) -> Result<HttpResponse, CallError> {
        self.http.send(call, request).await
    }
}

impl<S: Secrets> Sms for Providers<S> {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        self.twilio.send(call, message).await
    }
}

impl<S: Secrets> Email for Providers<S> {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        if call.connection.kind == ConnectionKind::Smtp {
            return self.smtp.send(call, message).await;
        }
        Err(wrong_kind(call))
    }
}

impl<S: Secrets> Chat for Providers<S> {
    async fn post(&self, call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        self.slack.post(call, message).await
    }
}

/// A connection of a kind that its step does not speak: `holdfast check` refuses it.
fn wrong_kind(call: &Call<'_>) -> CallError {
    let name = &call.connection.name;
    let message = format!("connection `{name}` has a kind that this step cannot use here");
    refused("WrongConnection", message)
}
