//! The outside world: providers that accept every call, unless the process dies around it, and
//! note what reached them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast_call_http::CallHttp;
use holdfast_engine::hash;
use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Email, EmailMessage, Http, HttpRequest, HttpResponse,
    Receipt, Sms, SmsMessage,
};
use holdfast_engine::step::{Effect, Step};
use holdfast_post_chat::PostChat;
use holdfast_send_email::SendEmail;
use holdfast_send_sms::SendSms;
use serde_json::{Value as Json, json};

use crate::faulty::{Faults, When};

/// Calls under one key that may fail: fewer than any retry ladder has steps.
const MAX_FAILURES: usize = 2;

/// The chat channel that no workspace has: what is posted to it is refused for good.
pub const NO_CHANNEL: &str = "#nowhere";

/// The path that every HTTP API refuses for good.
pub const NO_PATH: &str = "/nowhere";

/// One arrival at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The connection.
    pub connection: String,
    /// The side-effect key.
    pub key: String,
    /// What was sent.
    pub content: String,
    /// Whether the provider takes a repeat under the same key for what it is.
    pub repeatable: bool,
    /// Where the provider reports the delivery.
    pub callback: Option<String>,
}

#[derive(Debug, Default)]
struct Seen {
    arrived: Vec<Arrived>,
    failures: BTreeMap<String, usize>,
    mended: bool,
}

/// Every provider.
#[derive(Debug, Clone)]
pub struct Outside {
    faults: Arc<Faults>,
    seen: Arc<Mutex<Seen>>,
}

impl Outside {
    pub(super) fn new(faults: &Arc<Faults>) -> Self {
        Self {
            faults: Arc::clone(faults),
            seen: Arc::default(),
        }
    }

    /// Every arrival, in order.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        self.seen().arrived.clone()
    }

    /// From now on there is a channel where there was none.
    pub fn mend(&self) {
        self.seen().mended = true;
    }

    async fn accept(
        &self,
        call: &Call<'_>,
        effect: Effect,
        content: &Json,
    ) -> Result<String, CallError> {
        let content = content.to_string();
        let id = hash::base32(&[call.connection.name.as_str().as_bytes(), content.as_bytes()]);
        let arrived = Arrived {
            connection: call.connection.name.to_string(),
            key: call.key.to_owned(),
            content,
            repeatable: effect == Effect::Keyed,
            callback: call.callback.map(str::to_owned),
        };
        let arrival = async { self.seen().arrived.push(arrived) };
        if self.failures(call.key) >= MAX_FAILURES {
            arrival.await;
            return Ok(id);
        }
        match self.faults.around(arrival).await {
            Ok(()) => Ok(id),
            Err(interrupted) => {
                *self.seen().failures.entry(call.key.to_owned()).or_default() += 1;
                Err(failed(interrupted.when))
            }
        }
    }

    fn failures(&self, key: &str) -> usize {
        self.seen().failures.get(key).copied().unwrap_or_default()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(when: When) -> CallError {
    let (message, retry_after) = ("on purpose".to_owned(), None);
    match when {
        When::Before => CallError::NotSent {
            message,
            retry_after,
        },
        When::After => CallError::Maybe {
            message,
            retry_after,
        },
    }
}

impl Http for Outside {
    async fn send(&self, call: &Call<'_>, request: HttpRequest) -> Result<HttpResponse, CallError> {
        if request.path == NO_PATH {
            return Ok(response(422, Json::Null));
        }
        let input = json!({ "method": request.method, "path": request.path });
        let effect = CallHttp::<Self>::effect(&input, Some(call.connection));
        let body = request.body.as_deref().map(String::from_utf8_lossy);
        let content = json!([request.method, request.path, body]);
        self.accept(call, effect, &content).await?;
        let reply = call.connection.sandbox.as_ref();
        let status = reply.map_or(200, |reply| reply.status);
        let body = reply.map_or(Json::Null, |reply| reply.body.clone());
        Ok(response(status, body))
    }
}

fn response(status: u16, body: Json) -> HttpResponse {
    HttpResponse {
        status,
        headers: BTreeMap::new(),
        body,
    }
}

impl Sms for Outside {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        let effect = SendSms::<Self>::effect(&Json::Null, Some(call.connection));
        let content = json!([message.to, message.body]);
        let id = self.accept(call, effect, &content).await?;
        Ok(Receipt { id })
    }
}

impl Email for Outside {
    async fn send(&self, call: &Call<'_>, message: EmailMessage) -> Result<Receipt, CallError> {
        let effect = SendEmail::<Self>::effect(&Json::Null, Some(call.connection));
        let content = json!([message.to, message.subject, message.body]);
        let id = self.accept(call, effect, &content).await?;
        Ok(Receipt { id })
    }
}

impl Chat for Outside {
    async fn post(&self, call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        if message.channel.as_deref() == Some(NO_CHANNEL) && !self.seen().mended {
            return Err(CallError::Refused {
                code: "ChannelNotFound".to_owned(),
                message: "there is no such channel".to_owned(),
            });
        }
        let effect = PostChat::<Self>::effect(&Json::Null, Some(call.connection));
        let content = json!([message.channel, message.body]);
        let id = self.accept(call, effect, &content).await?;
        Ok(Receipt { id })
    }
}
