//! What the expressions of a source see of a request.

use std::collections::BTreeMap;

use holdfast_engine::contract::time_zone;
use holdfast_engine::expr::Scope;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::Request;
use crate::map::Endpoint;

/// All but the body, which differs between the elements of a batch.
pub(crate) struct Reading {
    headers: Json,
    query: Json,
    config: Json,
    tenant: Json,
    tz: TimeZone,
    now: Timestamp,
}

impl Reading {
    /// Reads a request.
    pub(crate) fn new(endpoint: Endpoint<'_>, request: &Request, now: Timestamp) -> Self {
        Self {
            headers: request.header_values(),
            query: request.query(),
            config: Json::Object(endpoint.config.clone()),
            tenant: Json::String(endpoint.tenant.to_string()),
            tz: time_zone(endpoint.config),
            now,
        }
    }

    /// Looks at it with a body.
    pub(crate) fn with<T>(&self, body: &Json, look: impl FnOnce(Scope<'_>) -> T) -> T {
        let roots = [
            ("body", body),
            ("headers", &self.headers),
            ("query", &self.query),
            ("config", &self.config),
            ("tenant", &self.tenant),
        ];
        look(Scope {
            roots: &roots,
            refs: &BTreeMap::new(),
            now: self.now,
            tz: &self.tz,
        })
    }
}
