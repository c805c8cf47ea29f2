//! How the sandbox answers: well, or as a receiver that fails.

use holdfast_engine::definition::model::Connection;
use serde_json::{Value as Json, json};

use super::Mood;

/// How every call is answered that no script answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// Whether keys are honoured where the connection does not say otherwise; if not, every
    /// arrival is a delivery.
    pub honours_keys: bool,
    /// Some calls are accepted and their answers lost.
    pub drops: Option<Drops>,
    /// Every call is refused with this HTTP status.
    pub fails_with: Option<u16>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            honours_keys: true,
            drops: None,
            fails_with: None,
        }
    }
}

/// Lost answers, the same ones for the same seed and order of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drops {
    /// The seed.
    pub seed: u64,
    /// How many of 1,000 answers are lost.
    pub permille: u16,
}

impl Drops {
    fn drops(self, answer: u64) -> bool {
        mixed(self.seed.wrapping_add(answer)) % 1000 < u64::from(self.permille)
    }
}

/// The finaliser of `SplitMix64`: neighbouring numbers give unrelated ones.
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A status and a body; the call is delivered when the status is below 400.
    Respond {
        /// HTTP status.
        status: u16,
        /// Headers, names in lower case.
        headers: Vec<(String, String)>,
        /// The body.
        body: Json,
    },
    /// No answer in time, and nothing delivered.
    Timeout,
    /// A broken connection, and nothing delivered.
    Reset,
    /// Delivered, and the answer lost.
    Drop,
}

impl Reply {
    fn status(status: u16, body: Json) -> Self {
        Self::Respond {
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// Why the call is not delivered; `None`: it is.
    pub(super) fn refusal(&self) -> Option<String> {
        match self {
            Self::Respond { status, .. } if *status >= 400 => Some(status.to_string()),
            Self::Respond { .. } | Self::Drop => None,
            Self::Timeout => Some("timeout".to_owned()),
            Self::Reset => Some("reset".to_owned()),
        }
    }
}

impl Mood {
    /// The answer to the next call through a connection.
    pub(super) fn next(&mut self, connection: &Connection) -> Reply {
        let script = self.scripts.get_mut(&connection.name);
        if let Some(reply) = script.and_then(std::collections::VecDeque::pop_front) {
            return reply;
        }
        let usual = match (self.behaviour.fails_with, &connection.sandbox) {
            (Some(status), _) => Reply::status(status, Json::Null),
            (None, Some(reply)) => Reply::status(reply.status, reply.body.clone()),
            (None, None) => Reply::status(200, json!({})),
        };
        self.answers += 1;
        match self.behaviour.drops {
            Some(drops) if usual.refusal().is_none() && drops.drops(self.answers) => Reply::Drop,
            _ => usual,
        }
    }

    /// Whether a repeated key changes nothing.
    pub(super) fn honours_key(&self, connection: &Connection) -> bool {
        let reply = connection.sandbox.as_ref();
        self.behaviour.honours_keys && reply.is_none_or(|reply| reply.idempotent)
    }
}
