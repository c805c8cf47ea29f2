//! External services, one port per kind of effect.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::definition::model::{Connection, ValueExpression};
use crate::expr::{EvaluationError, Scope};
use crate::name::TenantName;

/// One call to an external service: through which connection, for whom, under which key.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// The tenant's settings, for `=config.x` in the connection.
    pub config: &'a Json,
    /// Whose call it is.
    pub tenant: &'a TenantName,
    /// The side-effect key; the same for every attempt.
    pub key: &'a str,
    /// When the attempt started.
    pub now: Timestamp,
    /// Time for the call, within the function's own.
    pub timeout: Duration,
    /// Where the provider reports delivery, when the connection has `receipts`.
    pub callback: Option<&'a str>,
}

impl Call<'_> {
    /// The text of one of the connection's values for this tenant; `None`: unset, or empty.
    ///
    /// # Errors
    /// [`EvaluationError`] when it has no value.
    pub fn setting(
        &self,
        value: Option<&ValueExpression>,
    ) -> Result<Option<String>, EvaluationError> {
        let Some(value) = value else { return Ok(None) };
        // Connections read settings only, so neither the time nor its zone can matter.
        let scope = Scope {
            roots: &[("config", self.config)],
            refs: &BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
            tz: &TimeZone::UTC,
        };
        Ok(match value.evaluate(&scope)? {
            None => None,
            Some(Json::String(text)) => Some(text).filter(|text| !text.is_empty()),
            Some(other) => Some(other.to_string()),
        })
    }
}

/// How a call fails, by what may have happened at the receiver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallError {
    /// Nothing reached the receiver: refused, DNS, TLS, or a definite "not now" (429).
    #[error("{message}")]
    NotSent {
        /// What happened.
        message: String,
        /// When the receiver asks to be called again.
        retry_after: Option<Duration>,
    },
    /// The receiver may have acted: a timeout, a reset or a 5xx after the first byte.
    #[error("{message}")]
    Maybe {
        /// What happened.
        message: String,
        /// When the receiver asks to be called again.
        retry_after: Option<Duration>,
    },
    /// The receiver refused, and will again: 4xx, an invalid number.
    #[error("{message}")]
    Refused {
        /// The stable name of the failure.
        code: String,
        /// What the receiver said.
        message: String,
    },
}

/// An HTTP request relative to the connection's base URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path below the base URL.
    pub path: String,
    /// Query parameters.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// An HTTP response that was read whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpResponse {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body: JSON where it parses as JSON, else text; unset when empty.
    pub body: Json,
}

/// HTTP APIs.
pub trait Http: Send + Sync {
    /// Sends a request. A status below 500 other than 429 is a response, not an error, and so is
    /// one that the connection treats; but what it treats as transient was not sent.
    ///
    /// # Errors
    /// [`CallError`] by what may have happened.
    fn send(
        &self,
        call: &Call<'_>,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, CallError>> + Send;
}

/// What a provider says when it accepts a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The provider's id of the message.
    pub id: String,
}

/// A text message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsMessage {
    /// The recipient in E.164.
    pub to: String,
    /// The text.
    pub body: String,
}

/// Text messages.
pub trait Sms: Send + Sync {
    /// Sends a text message.
    ///
    /// # Errors
    /// [`CallError`] by what may have happened.
    fn send(
        &self,
        call: &Call<'_>,
        message: SmsMessage,
    ) -> impl Future<Output = Result<Receipt, CallError>> + Send;
}

/// An e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailMessage {
    /// The recipient's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Where replies go, if not to the sender.
    pub reply_to: Option<String>,
}

/// E-mail.
pub trait Email: Send + Sync {
    /// Sends an e-mail.
    ///
    /// # Errors
    /// [`CallError`] by what may have happened.
    fn send(
        &self,
        call: &Call<'_>,
        message: EmailMessage,
    ) -> impl Future<Output = Result<Receipt, CallError>> + Send;
}

/// A message to a chat channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// The channel; `None`: the connection's own.
    pub channel: Option<String>,
    /// The text: all of it, for readers that show nothing else.
    pub body: String,
    /// How it is laid out, as Slack's Block Kit; none: the text alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Json>,
}

/// Chat.
pub trait Chat: Send + Sync {
    /// Posts a message.
    ///
    /// # Errors
    /// [`CallError`] by what may have happened.
    fn post(
        &self,
        call: &Call<'_>,
        message: ChatMessage,
    ) -> impl Future<Output = Result<Receipt, CallError>> + Send;
}
