//! Standard Webhooks: `id.timestamp.body`, signed with HMAC-SHA256 (`v1`) or Ed25519 (`v1a`).

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use super::freshness::{self, Future};
use super::headers::{every, header, single};
use super::secret::{InvalidSecret, Secret};
use super::webhook_key::WebhookKey;
use super::{Rejection, Request, any_secret};

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

pub(super) fn verify(
    secrets: &[Secret],
    request: &Request<'_>,
    tolerance: Duration,
    now: Timestamp,
) -> Result<(), Rejection> {
    let id = single(request.headers, ID)?;
    let timestamp = single(request.headers, TIMESTAMP)?;
    let signatures = signatures(every(request.headers, SIGNATURE)?)?;
    let signed_at = freshness::seconds(timestamp)?;
    freshness::check(signed_at, now, tolerance, Future::SameTolerance)?;
    let parts = message(id, timestamp, request.body);
    any_secret(secrets, |secret| {
        let key = WebhookKey::read(secret)?;
        Ok(signatures.iter().any(|text| key.accepts(&parts, text)))
    })
}

pub(super) fn sign(
    secret: &Secret,
    body: &[u8],
    id: &str,
    now: Timestamp,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidSecret> {
    let timestamp = now.as_second().to_string();
    let signature = WebhookKey::read(secret)?.sign(&message(id, &timestamp, body))?;
    let headers = [(ID, id), (TIMESTAMP, &timestamp), (SIGNATURE, &signature)];
    Ok(headers
        .iter()
        .filter_map(|(name, value)| header(name, value))
        .collect())
}

fn message<'a>(id: &'a str, timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 5] {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body]
}

/// Signatures are separated by spaces; versions that we do not know are passed over.
fn signatures(values: Vec<&str>) -> Result<Vec<&str>, Rejection> {
    let tokens = values.into_iter().flat_map(|value| value.split(' '));
    let signatures: Vec<&str> = tokens.filter(|token| token.contains(',')).collect();
    if signatures.is_empty() {
        return Err(Rejection::MalformedSignature);
    }
    Ok(signatures)
}
