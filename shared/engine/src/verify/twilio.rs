//! Twilio: <https://www.twilio.com/docs/usage/security#validating-requests>.
//!
//! HMAC-SHA1 over the public URL followed by the form's sorted parameters; for other bodies the
//! URL alone, whose `bodySHA256` vouches for the body. There is no clock.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::headers::{every, header};
use super::mac::{self, HmacSha1};
use super::{Rejection, Request, Secret, any_secret, form};

const SIGNATURE: &str = "x-twilio-signature";

pub(super) fn verify(secrets: &[Secret], request: &Request<'_>) -> Result<(), Rejection> {
    let texts = every(request.headers, SIGNATURE)?.into_iter();
    let signatures: Vec<Vec<u8>> = texts
        .filter_map(|text| STANDARD.decode(text).ok())
        .collect();
    let parameters = signed_parameters(request)?;
    let urls = spellings(request.url);
    any_secret(secrets, |secret| {
        let fits = |url: &String| {
            let parts = [url.as_bytes(), &parameters];
            mac::is_one_of::<HmacSha1>(secret.key(), &parts, &signatures)
        };
        Ok(urls.iter().any(fits))
    })
}

pub(super) fn sign(secret: &Secret, request: &Request<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let parameters = signed_parameters(request).unwrap_or_default();
    let parts = [request.url.as_bytes(), &parameters];
    let tag = mac::tag::<HmacSha1>(secret.key(), &parts);
    header(SIGNATURE, &STANDARD.encode(tag))
        .into_iter()
        .collect()
}

/// The hash of a body that is no form, where the URL lacks it.
pub(super) fn hash_parameter(request: &Request<'_>) -> Option<String> {
    let vouched = request.body.is_empty() || is_form(request) || body_hash(request.url).is_some();
    let hash = || HEXLOWER.encode(&Sha256::digest(request.body));
    (!vouched).then(|| format!("bodySHA256={}", hash()))
}

/// What of the body is signed behind the URL, after checking what the URL says about it.
fn signed_parameters(request: &Request<'_>) -> Result<Vec<u8>, Rejection> {
    if let Some(expected) = body_hash(request.url) {
        let actual = HEXLOWER.encode(&Sha256::digest(request.body));
        let equal = actual
            .as_bytes()
            .ct_eq(expected.to_ascii_lowercase().as_bytes());
        return if bool::from(equal) {
            Ok(Vec::new())
        } else {
            Err(Rejection::Mismatch)
        };
    }
    if is_form(request) {
        return Ok(flatten(&form::parse(request.body)));
    }
    if request.body.is_empty() {
        Ok(Vec::new())
    } else {
        Err(Rejection::MissingBodyHash)
    }
}

fn flatten(parameters: &form::Parameters) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, values) in parameters {
        for value in values {
            text.extend_from_slice(name);
            text.extend_from_slice(value);
        }
    }
    text
}

fn is_form(request: &Request<'_>) -> bool {
    let value = request
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value.and_then(|text| text.split(';').next());
    essence.is_some_and(|text| {
        text.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn body_hash(url: &str) -> Option<Cow<'_, str>> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(name, value)| (name == "bodySHA256").then_some(value))
}

/// The URL as given, without its port, and with the scheme's own port: Twilio signs one of them.
fn spellings(url: &str) -> Vec<String> {
    let mut spellings = vec![url.to_owned()];
    if let Some((scheme, rest)) = url.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (host, port) = split_port(authority);
        let own = if scheme.eq_ignore_ascii_case("http") {
            "80"
        } else {
            "443"
        };
        spellings.push(format!("{scheme}://{host}{tail}"));
        spellings.push(format!("{scheme}://{host}:{}{tail}", port.unwrap_or(own)));
    }
    spellings
}

/// Splits `user:pass@host:port` before the port's colon.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_tried_with_and_without_its_port() {
        let both = |url| spellings(url)[1..].join(" ");
        assert_eq!(
            both("https://a.example/x"),
            "https://a.example/x https://a.example:443/x"
        );
        assert_eq!(
            both("http://a.example:81"),
            "http://a.example http://a.example:81"
        );
        let long = "https://u:p@[::1]/?a=b:1";
        assert_eq!(both(long), format!("{long} https://u:p@[::1]:443/?a=b:1"));
    }
}
