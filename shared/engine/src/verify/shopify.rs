//! Shopify: <https://shopify.dev/docs/apps/build/webhooks/subscribe/https>.
//!
//! HMAC-SHA256 of the body, in base64. There is no clock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};

use super::headers::{every, header};
use super::mac::{self, HmacSha256};
use super::{Rejection, Request, Secret};

const SIGNATURE: &str = "x-shopify-hmac-sha256";

pub(super) fn verify(secrets: &[Secret], request: &Request<'_>) -> Result<(), Rejection> {
    let texts = every(request.headers, SIGNATURE)?.into_iter();
    let tags: Vec<Vec<u8>> = texts
        .filter_map(|text| STANDARD.decode(text).ok())
        .collect();
    mac::check::<HmacSha256>(secrets, &[request.body], &tags)
}

pub(super) fn sign(secret: &Secret, body: &[u8]) -> Vec<(HeaderName, HeaderValue)> {
    let tag = mac::tag::<HmacSha256>(secret.key(), &[body]);
    header(SIGNATURE, &STANDARD.encode(tag))
        .into_iter()
        .collect()
}
