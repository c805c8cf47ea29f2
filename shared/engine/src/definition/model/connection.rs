//! Connections: configured external services.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Auth, ValueExpression};
use crate::hours::Hours;
use crate::name::{ConnectionName, SourceName};
use crate::rate::Rate;
use crate::retry::Ladder;

/// A configured external service.
#[derive(Debug)]
pub struct Connection {
    /// The name that `via:` uses.
    pub name: ConnectionName,
    /// The protocol that it speaks.
    pub kind: ConnectionKind,
    /// Base URL (http, slack, smtp), or the default of the kind.
    pub url: Option<ValueExpression>,
    /// Account identifier (twilio).
    pub account: Option<ValueExpression>,
    /// Sender (twilio: phone; smtp: address).
    pub from: Option<ValueExpression>,
    /// Whether it may be at a private, loopback or link-local address.
    pub private: bool,
    /// How calls authenticate.
    pub auth: Option<Auth>,
    /// Time for one call; `None`: the step's own.
    pub timeout: Option<Duration>,
    /// How often it is called at most, in a tenant.
    pub rate: Option<Rate>,
    /// When it may be called.
    pub hours: Option<Arc<Hours>>,
    /// Price of one call in the currency of the pack's reports.
    pub price: Option<f64>,
    /// The ladder of steps that do not name one.
    pub retry: Option<Ladder>,
    /// What the author says that a status means, in place of what it usually does.
    pub treat: BTreeMap<u16, Treatment>,
    /// How the receiver recognises a repeated call; `None`: it does not.
    pub idempotency: Option<Idempotency>,
    /// The source where delivery reports come in.
    pub receipts: Option<SourceName>,
    /// What the sandbox answers in `--dev`.
    pub sandbox: Option<SandboxReply>,
}

impl Connection {
    /// A connection with nothing configured.
    #[must_use]
    pub fn new(name: ConnectionName, kind: ConnectionKind) -> Self {
        Self {
            name,
            kind,
            url: None,
            account: None,
            from: None,
            private: false,
            auth: None,
            timeout: None,
            rate: None,
            hours: None,
            price: None,
            retry: None,
            treat: BTreeMap::new(),
            idempotency: None,
            receipts: None,
            sandbox: None,
        }
    }
}

/// What a status of the receiver means, as the author vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// The answer is the step's result.
    Success,
    /// Refused for good.
    Permanent,
    /// Nothing happened, and it may work later: also after a server error.
    Transient,
    /// Nothing happened, and a person decides.
    Review,
}

impl Treatment {
    /// Every treatment's word, in definitions.
    pub const WORDS: [&'static str; 4] = ["success", "permanent", "transient", "review"];

    /// The treatment that a definition calls by this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "success" => Self::Success,
            "permanent" => Self::Permanent,
            "transient" => Self::Transient,
            "review" => Self::Review,
            _ => return None,
        })
    }
}

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionKind {
    /// Any HTTP API.
    Http,
    /// Twilio's Messages API.
    Twilio,
    /// A mail server.
    Smtp,
    /// Amazon SES.
    Ses,
    /// Slack's chat API.
    Slack,
    /// A language model.
    Model,
    /// The recording provider of development and tests.
    Sandbox,
}

/// How a receiver recognises a repeated call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The header that carries the key: `Idempotency-Key`.
    pub header: String,
    /// How long the receiver remembers a key.
    pub window: Duration,
}

/// What the sandbox answers for a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SandboxReply {
    /// HTTP status.
    pub status: u16,
    /// Response body.
    pub body: Json,
    /// Whether it honours idempotency keys.
    pub idempotent: bool,
}
