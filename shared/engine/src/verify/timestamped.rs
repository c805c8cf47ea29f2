//! The layout `t=<seconds>,v1=<hex>` over `<seconds>.<body>`, which several providers share.

use std::time::Duration;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use super::freshness::{self, Future};
use super::headers::{header, single};
use super::mac::{self, HmacSha256};
use super::{Rejection, Request, Secret};

/// What differs between the providers that use this layout.
pub(super) struct Layout {
    /// The header that carries time and signatures.
    pub(super) header: &'static str,
    /// What a time of signing in the future means.
    pub(super) future: Future,
}

struct Parsed<'a> {
    timestamp: &'a str,
    signatures: Vec<&'a str>,
}

impl Layout {
    pub(super) fn verify(
        &self,
        secrets: &[Secret],
        request: &Request<'_>,
        tolerance: Duration,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let parsed = parse(single(request.headers, self.header)?)?;
        let signed_at = freshness::seconds(parsed.timestamp)?;
        freshness::check(signed_at, now, tolerance, self.future)?;
        let parts = message(parsed.timestamp, request.body);
        let texts = parsed.signatures.iter();
        let tags = texts.filter_map(|text| HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok());
        mac::check::<HmacSha256>(secrets, &parts, &tags.collect::<Vec<_>>())
    }

    pub(super) fn sign(
        &self,
        secret: &Secret,
        body: &[u8],
        now: Timestamp,
    ) -> Vec<(HeaderName, HeaderValue)> {
        let timestamp = now.as_second().to_string();
        let tag = mac::tag::<HmacSha256>(secret.key(), &message(&timestamp, body));
        let value = format!("t={timestamp},v1={}", HEXLOWER.encode(&tag));
        header(self.header, &value).into_iter().collect()
    }
}

fn message<'a>(timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 3] {
    [timestamp.as_bytes(), b".", body]
}

/// Reads one `t` and at least one `v1`; other members (`v0`, later versions) are passed over.
fn parse(text: &str) -> Result<Parsed<'_>, Rejection> {
    let members = || {
        text.split(',')
            .filter_map(|member| member.trim().split_once('='))
    };
    let named = |wanted| members().filter(move |(name, _)| *name == wanted);
    let timestamps: Vec<&str> = named("t").map(|(_, value)| value).collect();
    let signatures: Vec<&str> = named("v1").map(|(_, value)| value).collect();
    match timestamps.as_slice() {
        [timestamp] if !signatures.is_empty() => Ok(Parsed {
            timestamp,
            signatures,
        }),
        _ => Err(Rejection::MalformedSignature),
    }
}
