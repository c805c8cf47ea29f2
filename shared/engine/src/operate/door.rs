//! The door of outside events, as decisions use it: a stored request goes through it again.

use std::future::Future;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::OperateError;
use crate::event::EventMessage;
use crate::field::Violation;
use crate::id::EventId;
use crate::name::TenantName;
use crate::port::Ports;

/// A request as a review item keeps it: without the headers that proved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRequest {
    /// Path and query as they were sent.
    #[serde(rename = "rawPath")]
    pub path_and_query: String,
    /// The headers.
    #[serde(default)]
    pub headers: Json,
    /// The body.
    pub body: String,
    /// Whether the body is one element of a batch, as JSON.
    #[serde(default)]
    pub element: bool,
}

/// What a stored request is, by the definitions that are live now.
#[derive(Debug, Clone, PartialEq)]
pub enum Entered {
    /// A valid event.
    Event(Box<EventMessage>),
    /// Nothing that the source accepts any more.
    Ignored,
    /// Still wrong.
    Invalid(Vec<Violation>),
}

/// The mapping and validation of a source, without its signature.
pub trait Door: Send + Sync {
    /// Reads a stored request again, under the identity that it had.
    ///
    /// # Errors
    /// [`OperateError::NotResubmittable`] when it cannot be read at all, and what the ports say.
    fn enter<P: Ports>(
        &self,
        ports: &P,
        tenant: &TenantName,
        request: &StoredRequest,
        event: &EventId,
    ) -> impl Future<Output = Result<Entered, OperateError>> + Send;
}
