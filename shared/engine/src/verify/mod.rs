//! Webhook signature schemes, checked in constant time on the raw bytes.
//!
//! One file per scheme, which knows its headers, what is signed and which clock rule its
//! documentation gives; what schemes share (keys, encodings, freshness) has its own file.

mod calendly;
mod form;
mod freshness;
mod generic;
mod github;
mod headers;
mod hubspot;
mod mac;
mod rejection;
mod scheme;
mod secret;
mod shopify;
mod short;
mod slack;
mod standard_webhooks;
mod stripe;
mod svix;
mod timestamped;
mod twilio;
mod webhook_key;

#[cfg(test)]
mod properties;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

pub use self::generic::{Digest, Encoding, Generic};
pub use self::rejection::Rejection;
pub use self::scheme::{Scheme, UnknownScheme};
pub use self::secret::{InvalidSecret, Secret};
pub use self::short::Short;

/// What arrived, before anything is parsed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method in upper case.
    pub method: &'a str,
    /// The public URL as the provider called it, with its query: some schemes sign it.
    pub url: &'a str,
    /// The headers as received.
    pub headers: &'a HeaderMap,
    /// The body's raw bytes.
    pub body: &'a [u8],
}

/// Checks that one of `secrets` signed the request, recently enough.
///
/// Every signature that the request carries is tried with every secret. `tolerance` replaces
/// the scheme's own ([`Scheme::tolerance`]); a scheme without a clock ignores it.
///
/// # Errors
/// [`Rejection`]: the reason why the request is not to be trusted.
pub fn verify(
    scheme: Scheme,
    secrets: &[Secret],
    request: &Request<'_>,
    tolerance: Option<Duration>,
    now: Timestamp,
) -> Result<(), Rejection> {
    let window = tolerance.unwrap_or(scheme.tolerance());
    match scheme {
        Scheme::StandardWebhooks => standard_webhooks::NAMES.verify(secrets, request, window, now),
        Scheme::Svix => svix::NAMES.verify(secrets, request, window, now),
        Scheme::Stripe => stripe::LAYOUT.verify(secrets, request, window, now),
        Scheme::Calendly => calendly::LAYOUT.verify(secrets, request, window, now),
        Scheme::Twilio => twilio::verify(secrets, request),
        Scheme::Github => github::verify(secrets, request),
        Scheme::Slack => slack::verify(secrets, request, window, now),
        Scheme::Shopify => shopify::verify(secrets, request),
        Scheme::HubspotV1 => hubspot::Old::V1.verify(secrets, request),
        Scheme::HubspotV2 => hubspot::Old::V2.verify(secrets, request),
        Scheme::HubspotV3 => hubspot::verify(secrets, request, window, now),
        Scheme::Hmac(generic) => generic.verify(secrets, request, window, now),
        Scheme::None => Ok(()),
    }
}

/// The headers with which a provider would send this request now.
///
/// `id` is the message id of schemes that sign one. Signature headers already present are passed over.
///
/// # Errors
/// [`InvalidSecret`] when the scheme cannot sign with this secret.
pub fn sign(
    scheme: Scheme,
    secret: &Secret,
    request: &Request<'_>,
    id: &str,
    now: Timestamp,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidSecret> {
    match scheme {
        Scheme::StandardWebhooks => standard_webhooks::NAMES.sign(secret, request.body, id, now),
        Scheme::Svix => svix::NAMES.sign(secret, request.body, id, now),
        Scheme::Stripe => Ok(stripe::LAYOUT.sign(secret, request.body, now)),
        Scheme::Calendly => Ok(calendly::LAYOUT.sign(secret, request.body, now)),
        Scheme::Twilio => Ok(twilio::sign(secret, request)),
        Scheme::Github => Ok(github::sign(secret, request.body)),
        Scheme::Slack => Ok(slack::sign(secret, request.body, now)),
        Scheme::Shopify => Ok(shopify::sign(secret, request.body)),
        Scheme::HubspotV1 => Ok(hubspot::Old::V1.sign(secret, request)),
        Scheme::HubspotV2 => Ok(hubspot::Old::V2.sign(secret, request)),
        Scheme::HubspotV3 => Ok(hubspot::sign(secret, request, now)),
        Scheme::Hmac(generic) => Ok(generic.sign(secret, request.body, now)),
        Scheme::None => Ok(Vec::new()),
    }
}

/// What a provider adds to the query of the address that it calls, so that the address vouches
/// for the body.
#[must_use]
pub fn query_addition(scheme: Scheme, request: &Request<'_>) -> Option<String> {
    match scheme {
        Scheme::Twilio => twilio::hash_parameter(request),
        _ => None,
    }
}

/// Tries every secret; a malformed one is reported only when no other matches.
fn any_secret(
    secrets: &[Secret],
    mut matches: impl FnMut(&Secret) -> Result<bool, InvalidSecret>,
) -> Result<(), Rejection> {
    let mut outcome = if secrets.is_empty() {
        Rejection::BadSecret
    } else {
        Rejection::Mismatch
    };
    for secret in secrets {
        match matches(secret) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(_) => outcome = Rejection::BadSecret,
        }
    }
    Err(outcome)
}
