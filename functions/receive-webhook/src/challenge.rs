//! Handshakes: a provider asks whether the endpoint is ours, and is answered in text.

use holdfast_engine::definition::model::Challenge;
use serde_json::Value as Json;

use crate::reading::Reading;

/// The reply to a handshake; `None` when the request is none, as far as can be read.
pub(crate) fn reply(challenge: &Challenge, reading: &Reading, body: &Json) -> Option<String> {
    reading.with(body, |scope| {
        let is_one = challenge.condition.condition(&scope).unwrap_or(false);
        let reply = is_one.then(|| challenge.reply.evaluate(&scope));
        match reply?.ok()?? {
            Json::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    })
}
