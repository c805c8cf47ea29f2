//! The lines of the sandbox's file.

use holdfast_engine::name::{ConnectionName, TenantName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Delivery, Kind};

/// A call as it was received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Arrival {
    pub(super) tenant: TenantName,
    pub(super) connection: ConnectionName,
    pub(super) kind: Kind,
    pub(super) idempotency_key: String,
    pub(super) payload: Json,
    pub(super) at: Timestamp,
}

/// What came of a call: one line each, in the order of arrival.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    /// Accepted.
    Delivery(Delivery),
    /// The same key as an accepted call, counted from 1.
    Repeat { number: u64, at: Timestamp },
    /// Not accepted: a failure that was asked for.
    Refusal { answer: String, call: Arrival },
}
