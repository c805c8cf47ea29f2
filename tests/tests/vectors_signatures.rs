//! Every public signature vector.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a vector that cannot be read fails the test"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdfast_engine::verify::{
    Digest, Encoding, Generic, Rejection, Request, Scheme, Secret, Short, verify,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Deserialize;

#[cfg(test)]
mod vectors;

#[derive(Deserialize)]
struct Vector {
    id: String,
    scheme: String,
    secret: String,
    secret_private: Option<String>,
    headers: BTreeMap<String, String>,
    body_base64: String,
    method: Option<String>,
    url: Option<String>,
    now: Option<i64>,
    tolerance_s: Option<u64>,
    expected: String,
    reason: Option<String>,
}

/// Cases whose verdict differs from ours, each with the reason.
const DISAGREEMENTS: &[(&str, &str)] = &[];

/// The generic scheme as these vectors describe it: `X-Signature: sha256=<hex>,…`.
fn generic(digest: &str) -> Scheme {
    Scheme::Hmac(Generic {
        header: Short::new("x-signature").unwrap(),
        digest: Digest::named(digest).unwrap(),
        encoding: Encoding::Hex,
        prefix: Short::new(&format!("{digest}=")).unwrap(),
        timestamp: None,
    })
}

fn scheme(name: &str) -> Scheme {
    if let Some(digest) = name.strip_prefix("generic-hmac-") {
        return generic(digest);
    }
    match name {
        "standard-webhooks-ed25519" => Scheme::StandardWebhooks,
        "slack-v0" => Scheme::Slack,
        name => name.parse().unwrap(),
    }
}

impl Vector {
    fn headers(&self) -> HeaderMap {
        let header = |(name, value): (&String, &String)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        };
        self.headers.iter().map(header).collect()
    }

    fn outcome(&self, scheme: Scheme, secret: &str) -> Result<(), Rejection> {
        let secret = Secret::new(secret).map_err(|_| Rejection::BadSecret)?;
        let headers = self.headers();
        let body = STANDARD.decode(&self.body_base64).unwrap();
        let request = Request {
            method: self.method.as_deref().unwrap_or("POST"),
            url: self.url.as_deref().unwrap_or("https://hooks.example/"),
            headers: &headers,
            body: &body,
        };
        let tolerance = self.tolerance_s.map(Duration::from_secs);
        let now = Timestamp::from_second(self.now.unwrap_or(0)).unwrap();
        verify(scheme, &[secret], &request, tolerance, now)
    }

    /// The code with which this case must be refused.
    fn expected_code(&self) -> Option<&'static str> {
        self.reason.as_deref().map(|reason| match reason {
            "missing_header" => "MissingHeader",
            "bad_timestamp" => "BadTimestamp",
            "timestamp_too_old" => "Stale",
            "timestamp_too_new" => "Early",
            "malformed_header" | "malformed_signature" => "MalformedSignature",
            "signature_mismatch" | "body_hash_mismatch" => "Mismatch",
            "missing_body_hash" => "MissingBodyHash",
            "config_error_empty_secret" => "BadSecret",
            other => panic!("unknown reason {other}"),
        })
    }

    fn agrees(&self, outcome: &Result<(), Rejection>) -> bool {
        match (self.expected.as_str(), outcome) {
            ("valid", outcome) => outcome.is_ok(),
            ("invalid", Ok(())) => false,
            ("invalid", Err(rejection)) => Some(rejection.code()) == self.expected_code(),
            (other, _) => panic!("unknown verdict {other}"),
        }
    }
}

#[test]
fn every_signature_vector_has_its_verdict() {
    let Some(vectors) = vectors::cases::<Vector>("signatures/webhook_signatures.json") else {
        return;
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut disagreements = Vec::new();
    for vector in &vectors {
        let scheme = scheme(&vector.scheme);
        *counts.entry(vector.scheme.as_str()).or_default() += 1;
        let secrets = [Some(&vector.secret), vector.secret_private.as_ref()];
        for secret in secrets.into_iter().flatten() {
            let outcome = vector.outcome(scheme, secret);
            if !vector.agrees(&outcome) {
                println!(
                    "{}: expected {} {:?}, got {outcome:?}",
                    vector.id, vector.expected, vector.reason
                );
                disagreements.push(vector.id.as_str());
            }
        }
    }
    assert_eq!(counts.values().sum::<usize>(), vectors.len());
    println!("cases per scheme: {counts:?}");
    let known: Vec<&str> = DISAGREEMENTS.iter().map(|(id, _)| *id).collect();
    assert_eq!(disagreements, known);
    assert_eq!(counts.len(), 15, "a scheme has no case: {counts:?}");
}
