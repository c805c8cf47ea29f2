//! Slack: `chat.postMessage` with a token, or an incoming webhook whose URL is the secret.
//!
//! It knows no idempotency key, so a lost answer stays uncertain.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use holdfast_engine::definition::model::Auth;
use holdfast_engine::port::{Call, CallError, Chat, ChatMessage, HttpResponse, Receipt, Secrets};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value as Json};
use url::Url;

use crate::client::{Client, Outbound};
use crate::credentials::{secret, sensitive};
use crate::failure::{maybe, misconfigured, not_sent, refused};
use crate::http::settle;
use crate::settings;

const API: &str = "https://slack.com/api";

/// Chat through Slack.
#[derive(Debug)]
pub struct Slack<S> {
    client: Client,
    secrets: Arc<S>,
    /// The secret of every message, whatever its connection names.
    secret: Option<String>,
}

impl<S: Secrets> Slack<S> {
    /// An adapter over this client.
    pub fn new(client: Client, secrets: Arc<S>) -> Self {
        Self {
            client,
            secrets,
            secret: None,
        }
    }

    /// The same with one secret for every message, whatever its connection names.
    #[must_use]
    pub fn with_secret(self, name: &str) -> Self {
        let secret = Some(name.to_owned());
        Self { secret, ..self }
    }
}

impl<S: Secrets> Chat for Slack<S> {
    async fn post(&self, call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        let named = (&self.secret, &call.connection.auth);
        let ((Some(name), _) | (None, Some(Auth::Bearer(name)))) = named else {
            return Err(misconfigured("a slack connection needs `auth: { bearer }`"));
        };
        let token = secret(&*self.secrets, call, name).await?;
        let token = token.expose();
        let is_webhook = token.starts_with("https://") || token.starts_with("http://");
        let outbound = if is_webhook {
            to_webhook(call, token, &message)?
        } else {
            to_api(call, token, &message)?
        };
        let response = settle(call, self.client.exchange(outbound).await?)?;
        receipt(&response, call.key)
    }
}

fn to_webhook(call: &Call<'_>, url: &str, message: &ChatMessage) -> Result<Outbound, CallError> {
    let url = Url::parse(url);
    let url = url.map_err(|_| refused("SecretUnusable", "the webhook's URL is not a URL"))?;
    Ok(outbound(call, url, body(message)))
}

/// The channel is the message's, else the connection's `account`.
fn to_api(call: &Call<'_>, token: &str, message: &ChatMessage) -> Result<Outbound, CallError> {
    let channel = match &message.channel {
        Some(channel) => channel.clone(),
        None => settings::required(call, call.connection.account.as_ref(), "account")?,
    };
    let base = settings::text(call, call.connection.url.as_ref())?;
    let base = base.as_deref().unwrap_or(API).trim_end_matches('/');
    let url = Url::parse(&format!("{base}/chat.postMessage"));
    let url = url.map_err(|_| misconfigured("the connection's `url` is not a URL"))?;
    let mut body = body(message);
    body.insert("channel".to_owned(), channel.into());
    let mut outbound = outbound(call, url, body);
    let value = sensitive(&format!("Bearer {token}"))?;
    outbound.headers.insert(AUTHORIZATION, value);
    Ok(outbound)
}

/// The text is what notifications show; blocks, where there are any, what the channel shows.
fn body(message: &ChatMessage) -> Map<String, Json> {
    let mut body = Map::from_iter([("text".to_owned(), message.body.clone().into())]);
    if !message.blocks.is_empty() {
        body.insert("blocks".to_owned(), message.blocks.clone().into());
    }
    body
}

fn outbound(call: &Call<'_>, url: Url, body: Map<String, Json>) -> Outbound {
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    Outbound {
        method: Method::POST,
        url,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
        body: Some(Json::Object(body).to_string().into_bytes()),
        timeout: call.timeout,
        private: call.connection.private,
    }
}

/// The API answers `{"ok": …}` with status 200 whatever came of it; a webhook answers text. A
/// webhook names no message, so that its receipt is our key.
fn receipt(response: &HttpResponse, key: &str) -> Result<Receipt, CallError> {
    let body = &response.body;
    let text = |member: &str| body.get(member).and_then(Json::as_str);
    let accepted = (200..300).contains(&response.status);
    match (body.get("ok").and_then(Json::as_bool), body.as_str()) {
        (Some(true), _) if accepted => Ok(Receipt {
            id: text("ts").unwrap_or(key).to_owned(),
        }),
        (None, Some("ok")) if accepted => Ok(Receipt { id: key.to_owned() }),
        (Some(false), _) => Err(failure(text("error").unwrap_or("unknown_error"))),
        (_, Some(reason)) if !accepted && is_reason(reason) => Err(failure(reason)),
        _ if accepted => Err(maybe("the answer is not Slack's")),
        _ => Err(refused(
            format!("HttpStatus{}", response.status),
            format!("Slack answered {}", response.status),
        )),
    }
}

fn is_reason(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn failure(reason: &str) -> CallError {
    let message = format!("Slack answered `{reason}`");
    match reason {
        "ratelimited" | "rate_limited" => not_sent(message),
        "fatal_error" | "internal_error" | "request_timeout" | "service_unavailable" => {
            maybe(message)
        }
        _ => refused(code(reason), message),
    }
}

/// `channel_not_found` → `SlackChannelNotFound`.
fn code(reason: &str) -> String {
    let words = reason.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    std::iter::once("Slack".to_owned()).chain(words).collect()
}
