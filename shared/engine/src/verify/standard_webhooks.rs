//! Standard Webhooks: `id.timestamp.body`, signed with HMAC-SHA256 (`v1`) or Ed25519 (`v1a`).

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use super::freshness::{self, Future};
use super::headers::{every, header, single};
use super::secret::{InvalidSecret, Secret};
use super::webhook_key::WebhookKey;
use super::{Rejection, Request, any_secret};

/// The headers' names, in which the providers of this scheme differ.
pub(super) struct Names {
    pub(super) id: &'static str,
    pub(super) timestamp: &'static str,
    pub(super) signature: &'static str,
}

/// The names of the standard itself.
pub(super) const NAMES: Names = Names {
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
};

/// The most signatures that a request may carry: each Ed25519 one costs a verification.
const MOST_SIGNATURES: usize = 32;

impl Names {
    pub(super) fn verify(
        &self,
        secrets: &[Secret],
        request: &Request<'_>,
        tolerance: Duration,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let id = single(request.headers, self.id)?;
        let timestamp = single(request.headers, self.timestamp)?;
        let signatures = signatures(every(request.headers, self.signature)?)?;
        let signed_at = freshness::seconds(timestamp)?;
        freshness::check(signed_at, now, tolerance, Future::SameTolerance)?;
        let parts = message(id, timestamp, request.body);
        any_secret(secrets, |secret| {
            Ok(WebhookKey::read(secret)?.accepts(&parts, &signatures))
        })
    }

    pub(super) fn sign(
        &self,
        secret: &Secret,
        body: &[u8],
        id: &str,
        now: Timestamp,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidSecret> {
        let timestamp = now.as_second().to_string();
        let signature = WebhookKey::read(secret)?.sign(&message(id, &timestamp, body))?;
        let headers = [
            header(self.id, id),
            header(self.timestamp, &timestamp),
            header(self.signature, &signature),
        ];
        Ok(headers.into_iter().flatten().collect())
    }
}

fn message<'a>(id: &'a str, timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 5] {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body]
}

/// A signature's version and its text; versions that we do not know are passed over later.
fn signatures(values: Vec<&str>) -> Result<Vec<(&str, &str)>, Rejection> {
    let tokens = values.into_iter().flat_map(|value| value.split(' '));
    let signatures: Vec<(&str, &str)> = tokens.filter_map(|token| token.split_once(',')).collect();
    if (1..=MOST_SIGNATURES).contains(&signatures.len()) {
        return Ok(signatures);
    }
    Err(Rejection::MalformedSignature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_signatures_are_refused_before_any_is_tried() {
        let many = |count: usize| vec!["v1a,AAAA"; count].join(" ");
        assert_eq!(signatures(vec![&many(32)]).unwrap().len(), 32);
        assert_eq!(
            signatures(vec![&many(33)]),
            Err(Rejection::MalformedSignature)
        );
        assert_eq!(signatures(vec!["v1a"]), Err(Rejection::MalformedSignature));
    }
}
