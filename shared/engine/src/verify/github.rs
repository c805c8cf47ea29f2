//! GitHub: <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>.
//!
//! HMAC-SHA256 of the body, in hexadecimal behind `sha256=`. There is no clock.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use http::{HeaderName, HeaderValue};

use super::headers::{every, header};
use super::mac::{self, HmacSha256};
use super::{Rejection, Request, Secret};

const SIGNATURE: &str = "x-hub-signature-256";
const PREFIX: &str = "sha256=";

pub(super) fn verify(secrets: &[Secret], request: &Request<'_>) -> Result<(), Rejection> {
    let values = every(request.headers, SIGNATURE)?.into_iter();
    let texts: Vec<&str> = values
        .filter_map(|value| value.strip_prefix(PREFIX))
        .collect();
    if texts.is_empty() {
        return Err(Rejection::MalformedSignature);
    }
    let tags = texts
        .iter()
        .filter_map(|text| HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok());
    mac::check::<HmacSha256>(secrets, &[request.body], &tags.collect::<Vec<_>>())
}

pub(super) fn sign(secret: &Secret, body: &[u8]) -> Vec<(HeaderName, HeaderValue)> {
    let tag = mac::tag::<HmacSha256>(secret.key(), &[body]);
    let value = format!("{PREFIX}{}", HEXLOWER.encode(&tag));
    header(SIGNATURE, &value).into_iter().collect()
}
