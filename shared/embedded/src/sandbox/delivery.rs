//! What the sandbox accepted.

use holdfast_engine::name::{ConnectionName, TenantName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::line::Line;

/// The kind of effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A text message.
    Sms,
    /// An e-mail.
    Email,
    /// A chat message.
    Chat,
    /// An HTTP request.
    Http,
}

/// An accepted call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The sandbox's id of it, also the receipt's.
    pub id: String,
    /// The connection.
    pub connection: ConnectionName,
    /// The kind of effect.
    pub kind: Kind,
    /// The side-effect key.
    pub idempotency_key: String,
    /// How many more calls came with the same key and changed nothing.
    #[serde(default)]
    pub repeats: u64,
    /// Whose call it was.
    pub tenant: TenantName,
    /// What was sent.
    pub payload: Json,
    /// When it came in.
    pub at: Timestamp,
}

/// Adds a line to the deliveries that came before it.
pub(super) fn fold(deliveries: &mut Vec<Delivery>, line: Line) {
    match line {
        Line::Delivery(delivery) => deliveries.push(delivery),
        Line::Repeat { number, .. } => {
            let index = usize::try_from(number.saturating_sub(1));
            if let Some(first) = index.ok().and_then(|index| deliveries.get_mut(index)) {
                first.repeats += 1;
            }
        }
        Line::Refusal { .. } => {}
    }
}
