//! What a person is asked when an event's data is wrong.

use std::borrow::Cow;

use holdfast_engine::definition::model::{Severity, Source};
use holdfast_engine::expr::EvaluationError;
use holdfast_engine::field::{Rule, Violation};
use holdfast_engine::hash;
use holdfast_engine::id::EventId;
use holdfast_engine::key;
use holdfast_engine::operation::{ErrorRecord, Handling, REVIEW, ReviewItem, ReviewKind, bounded};
use holdfast_engine::port::{Clock, CommitError, Expect, Journal, Ports, Write};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::map::Endpoint;
use crate::{Problem, Request};

/// What is wrong with an event, field by field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    /// The mistakes.
    pub(crate) fields: Vec<Violation>,
}

impl Report {
    /// One mistake of which nothing is shown.
    pub(crate) fn of(path: &str, rule: Rule, expected: &str) -> Self {
        let fields = vec![Violation {
            path: path.to_owned(),
            rule,
            expected: expected.to_owned(),
            actual: "***".to_owned(),
            hint: None,
        }];
        Self { fields }
    }
}

/// The report of a rule that has no value.
pub(crate) fn unreadable(path: &str, error: &EvaluationError) -> Report {
    let fields = vec![Violation {
        path: path.to_owned(),
        rule: match error {
            EvaluationError::UnsetValue { .. } => Rule::Required,
            _ => Rule::Type,
        },
        expected: "a value".to_owned(),
        actual: error.to_string(),
        hint: None,
    }];
    Report { fields }
}

/// Stores a request, or an element of it, for review. A repeated one is the same item.
pub(crate) async fn ask<P: Ports>(
    ports: &P,
    endpoint: Endpoint<'_>,
    subject: String,
    event: &EventId,
    report: Report,
) -> Result<(), Problem> {
    let (id, now) = (
        ErrorRecord::id_of(event.as_str(), "receive-webhook"),
        ports.clock().now(),
    );
    let item = ReviewItem {
        id: id.clone(),
        kind: ReviewKind::InvalidInput,
        title: format!(
            "event {event} of source `{}` has missing or wrong fields",
            endpoint.source.name
        ),
        severity: Severity::P2,
        handling: Handling::opened(now, Severity::P2),
        tenant: endpoint.tenant.clone(),
        at: now,
        function: "receive-webhook".to_owned(),
        execution: None,
        step: None,
        report: json!({ "event": event, "version": endpoint.manifest.to_string(), "fields": report.fields }),
        subject: bounded(&subject),
    };
    let write = Write::put(
        key::operation(endpoint.tenant, REVIEW, &id),
        Expect::Absent,
        &item,
    )?;
    let committed = ports.journal().commit(vec![write]).await;
    Ok(committed.or_else(CommitError::unless_written)?)
}

/// The request as it can be sent through the same door again, without the headers that prove it;
/// of a batch, with one element for its body.
pub(crate) fn subject(request: &Request, element: Option<&str>) -> String {
    let body = element.map_or_else(|| String::from_utf8_lossy(&request.body), Cow::Borrowed);
    let mut subject = json!({
        "rawPath": request.path_and_query,
        "headers": harmless(request),
        "body": body,
    });
    if element.is_some()
        && let Some(members) = subject.as_object_mut()
    {
        members.insert("element".to_owned(), Json::Bool(true));
    }
    subject.to_string()
}

/// The identity of what has no id of its own.
pub(crate) fn body_id(source: &Source, bytes: &[u8]) -> EventId {
    EventId::of_source(&source.name, &hash::hex(&[bytes]))
}

/// The parts of names of headers that prove who sends, or let others send as them.
const PROOFS: [&str; 8] = [
    "signature",
    "hmac",
    "authorization",
    "cookie",
    "token",
    "secret",
    "api-key",
    "password",
];

/// The headers that a mapping may read and nobody can misuse.
fn harmless(request: &Request) -> Json {
    let mut headers = request.header_values();
    if let Some(headers) = headers.as_object_mut() {
        headers.retain(|name, _| !PROOFS.iter().any(|proof| name.contains(proof)));
    }
    headers
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::*;

    #[test]
    fn what_proves_a_request_is_not_kept_and_what_mappings_read_is() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-github-event",
            "content-type",
            "x-hub-signature-256",
            "x-api-key",
        ] {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, HeaderValue::from_static("v"));
        }
        let request = Request {
            method: Method::POST,
            path_and_query: "/hooks/t/s".to_owned(),
            headers,
            body: b"{}".to_vec(),
        };
        let kept: Json = serde_json::from_str(&subject(&request, None)).unwrap();
        let kept: Vec<_> = kept["headers"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(kept, ["content-type", "x-github-event"]);
    }
}
