//! Slack: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.
//!
//! HMAC-SHA256 of `v0:<seconds>:<body>`, in hexadecimal behind `v0=`.

use std::time::Duration;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use super::freshness::{self, Future};
use super::headers::{every, header, single};
use super::mac::{self, HmacSha256};
use super::{Rejection, Request, Secret};

const SIGNATURE: &str = "x-slack-signature";
const TIMESTAMP: &str = "x-slack-request-timestamp";
const PREFIX: &str = "v0=";

pub(super) fn verify(
    secrets: &[Secret],
    request: &Request<'_>,
    tolerance: Duration,
    now: Timestamp,
) -> Result<(), Rejection> {
    let timestamp = single(request.headers, TIMESTAMP)?;
    let values = every(request.headers, SIGNATURE)?.into_iter();
    let texts: Vec<&str> = values
        .filter_map(|value| value.strip_prefix(PREFIX))
        .collect();
    if texts.is_empty() {
        return Err(Rejection::MalformedSignature);
    }
    let signed_at = freshness::seconds(timestamp)?;
    freshness::check(signed_at, now, tolerance, Future::SameTolerance)?;
    let tags = texts
        .iter()
        .filter_map(|text| HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok());
    let parts = message(timestamp, request.body);
    mac::check::<HmacSha256>(secrets, &parts, &tags.collect::<Vec<_>>())
}

pub(super) fn sign(secret: &Secret, body: &[u8], now: Timestamp) -> Vec<(HeaderName, HeaderValue)> {
    let timestamp = now.as_second().to_string();
    let tag = mac::tag::<HmacSha256>(secret.key(), &message(&timestamp, body));
    let signature = format!("{PREFIX}{}", HEXLOWER.encode(&tag));
    let headers = [header(TIMESTAMP, &timestamp), header(SIGNATURE, &signature)];
    headers.into_iter().flatten().collect()
}

fn message<'a>(timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 4] {
    [b"v0:", timestamp.as_bytes(), b":", body]
}
