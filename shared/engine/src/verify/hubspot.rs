//! `HubSpot`: <https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests>.
//!
//! Each version is a scheme of its own: a source that expects version 3 never accepts an older,
//! weaker one. Versions 1 and 2 are plain SHA-256 behind the secret, without a clock.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::freshness::{self, Future};
use super::headers::{every, header, single};
use super::mac::{self, HmacSha256};
use super::{Rejection, Request, Secret, any_secret};

const OLD_SIGNATURE: &str = "x-hubspot-signature";
const OLD_VERSION: &str = "x-hubspot-signature-version";
const SIGNATURE: &str = "x-hubspot-signature-v3";
const TIMESTAMP: &str = "x-hubspot-request-timestamp";

/// What `HubSpot` decodes in an address before it signs it.
const DECODED: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

/// The versions before the third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Old {
    /// The secret and the body.
    V1,
    /// The secret, the method, the address and the body.
    V2,
}

impl Old {
    pub(super) fn verify(self, secrets: &[Secret], request: &Request<'_>) -> Result<(), Rejection> {
        let texts = every(request.headers, OLD_SIGNATURE)?.into_iter();
        let hashes: Vec<Vec<u8>> = texts
            .filter_map(|text| HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok())
            .collect();
        any_secret(secrets, |secret| {
            let own = self.hash(secret, request);
            Ok(hashes.iter().any(|hash| bool::from(own.ct_eq(hash))))
        })
    }

    pub(super) fn sign(
        self,
        secret: &Secret,
        request: &Request<'_>,
    ) -> Vec<(HeaderName, HeaderValue)> {
        let version = match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        };
        let hash = HEXLOWER.encode(&self.hash(secret, request));
        let headers = [header(OLD_SIGNATURE, &hash), header(OLD_VERSION, version)];
        headers.into_iter().flatten().collect()
    }

    fn hash(self, secret: &Secret, request: &Request<'_>) -> Vec<u8> {
        let mut hash = Sha256::new_with_prefix(secret.key());
        if self == Self::V2 {
            hash.update(request.method);
            hash.update(request.url);
        }
        hash.update(request.body);
        hash.finalize().to_vec()
    }
}

pub(super) fn verify(
    secrets: &[Secret],
    request: &Request<'_>,
    tolerance: Duration,
    now: Timestamp,
) -> Result<(), Rejection> {
    let timestamp = single(request.headers, TIMESTAMP)?;
    let texts = every(request.headers, SIGNATURE)?.into_iter();
    let milliseconds = freshness::seconds(timestamp)?;
    freshness::check(milliseconds / 1000, now, tolerance, Future::Accepted)?;
    let tags: Vec<Vec<u8>> = texts
        .filter_map(|text| STANDARD.decode(text).ok())
        .collect();
    let urls = [request.url.to_owned(), decoded(request.url)];
    any_secret(secrets, |secret| {
        let fits = |url: &String| {
            let parts = message(request, url, timestamp);
            mac::is_one_of::<HmacSha256>(secret.key(), &parts, &tags)
        };
        Ok(urls.iter().any(fits))
    })
}

pub(super) fn sign(
    secret: &Secret,
    request: &Request<'_>,
    now: Timestamp,
) -> Vec<(HeaderName, HeaderValue)> {
    let (url, timestamp) = (decoded(request.url), now.as_millisecond().to_string());
    let tag = mac::tag::<HmacSha256>(secret.key(), &message(request, &url, &timestamp));
    let headers = [
        header(TIMESTAMP, &timestamp),
        header(SIGNATURE, &STANDARD.encode(tag)),
    ];
    headers.into_iter().flatten().collect()
}

fn message<'a>(request: &Request<'a>, url: &'a str, timestamp: &'a str) -> [&'a [u8]; 4] {
    let method = request.method.as_bytes();
    [method, url.as_bytes(), request.body, timestamp.as_bytes()]
}

fn decoded(url: &str) -> String {
    DECODED.iter().fold(url.to_owned(), |url, (code, text)| {
        url.replace(code, text)
            .replace(&code.to_ascii_lowercase(), text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_decoded_only_where_the_documentation_says_so() {
        assert_eq!(
            decoded("https://a.example/x?ref=a%3Ab%2fc%20d%26e%3D"),
            "https://a.example/x?ref=a:b/c%20d%26e%3D"
        );
    }
}
