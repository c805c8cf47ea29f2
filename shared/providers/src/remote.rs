//! A sandbox in another process: each call goes there as JSON, and comes back as its answer. For
//! development on a local stack, where functions share no folder.

use std::collections::BTreeMap;
use std::time::Duration;

use holdfast_engine::definition::model::{Connection, ConnectionKind, SandboxReply, Treatment};
use holdfast_engine::name::{ConnectionName, TenantName};
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Email, EmailMessage, Http, HttpRequest, HttpResponse,
    Receipt, Sms, SmsMessage,
};
use serde::{Deserialize, Serialize};

use crate::Client;
use crate::failure::{maybe, misconfigured, of_request};

/// Where calls are taken, below the sandbox's address.
pub const CALLS: &str = "/sandbox/calls";

/// A call as it travels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemoteCall {
    /// Whose call it is.
    pub tenant: TenantName,
    /// The connection.
    pub connection: ConnectionName,
    /// The side-effect key.
    pub key: String,
    /// Where the provider reports delivery.
    pub callback: Option<String>,
    /// What the connection's definition has the sandbox answer.
    pub reply: Option<SandboxReply>,
    /// What the author says that statuses mean.
    pub treat: BTreeMap<u16, Treatment>,
    /// What is sent.
    pub effect: Effect,
}

/// What is sent, by its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// An HTTP request.
    Http(HttpRequest),
    /// A text message.
    Sms(SmsMessage),
    /// An e-mail.
    Email(EmailMessage),
    /// A message to a chat.
    Chat(ChatMessage),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteAnswer {
    /// The answer to an HTTP request.
    Response(HttpResponse),
    /// A message was accepted.
    Receipt(Receipt),
    /// The call failed.
    Failed(CallError),
}

impl RemoteCall {
    fn new(call: &Call<'_>, effect: Effect) -> Self {
        Self {
            tenant: call.tenant.clone(),
            connection: call.connection.name.clone(),
            key: call.key.to_owned(),
            callback: call.callback.map(str::to_owned),
            reply: call.connection.sandbox.clone(),
            treat: call.connection.treat.clone(),
            effect,
        }
    }

    /// The connection, as far as a sandbox needs it.
    #[must_use]
    pub fn connection(&self) -> Connection {
        let mut connection = Connection::new(self.connection.clone(), ConnectionKind::Sandbox);
        connection.sandbox.clone_from(&self.reply);
        connection.treat.clone_from(&self.treat);
        connection
    }
}

/// A sandbox at an address.
#[derive(Debug, Clone)]
pub struct RemoteSandbox {
    client: reqwest::Client,
    url: String,
}

impl RemoteSandbox {
    /// The sandbox at this address.
    #[must_use]
    pub fn new(client: &Client, url: &str) -> Self {
        Self {
            client: client.open.clone(),
            url: format!("{}{CALLS}", url.trim_end_matches('/')),
        }
    }

    async fn call(&self, call: &Call<'_>, effect: Effect) -> Result<RemoteAnswer, CallError> {
        let sent = self
            .client
            .post(&self.url)
            .timeout(call.timeout.max(Duration::from_secs(1)))
            .json(&RemoteCall::new(call, effect))
            .send()
            .await
            .map_err(|error| of_request(&error))?;
        match sent.json().await {
            Ok(RemoteAnswer::Failed(error)) => Err(error),
            Ok(answer) => Ok(answer),
            Err(_) => Err(maybe("the sandbox's answer cannot be read")),
        }
    }

    async fn receipt(&self, call: &Call<'_>, effect: Effect) -> Result<Receipt, CallError> {
        match self.call(call, effect).await? {
            RemoteAnswer::Receipt(receipt) => Ok(receipt),
            _ => Err(other()),
        }
    }
}

fn other() -> CallError {
    misconfigured("the sandbox answered something else: it is of another version")
}

impl Http for RemoteSandbox {
    async fn send(&self, call: &Call<'_>, request: HttpRequest) -> Result<HttpResponse, CallError> {
        match self.call(call, Effect::Http(request)).await? {
            RemoteAnswer::Response(response) => Ok(response),
            _ => Err(other()),
        }
    }
}

impl Sms for RemoteSandbox {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        self.receipt(call, Effect::Sms(message)).await
    }
}

impl Email for RemoteSandbox {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        self.receipt(call, Effect::Email(message)).await
    }
}

impl Chat for RemoteSandbox {
    async fn post(&self, call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        self.receipt(call, Effect::Chat(message)).await
    }
}
