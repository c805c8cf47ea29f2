//! What a token endpoint answers (RFC 6749, 5).

use std::time::Duration;

use holdfast_engine::definition::model::OAuth2;
use holdfast_engine::port::{CallError, HttpResponse};
use holdfast_engine::step::TOKEN_REFUSED;
use holdfast_engine::verify::Secret;
use http::HeaderValue;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::credentials::sensitive;
use crate::failure::refused;
use crate::http::retry_after;

/// How long before its end a token is not used any more: a call with it takes a while.
const EARLY: Duration = Duration::from_mins(1);

/// How long a token is used of which the server does not say it.
const UNSAID: Duration = Duration::from_mins(5);

/// A token that was issued.
#[derive(Debug)]
pub(super) struct Granted {
    /// `Bearer <token>`.
    pub(super) header: HeaderValue,
    /// The refresh token to use from now on.
    pub(super) refresh: Option<Secret>,
    lasts: Duration,
}

impl Granted {
    /// Until when it is used: less than it lasts, and at least half of it.
    pub(super) fn until(&self, now: Timestamp) -> Timestamp {
        let early = EARLY.min(self.lasts / 2);
        now.saturating_add(self.lasts.saturating_sub(early))
            .unwrap_or(Timestamp::MAX)
    }
}

/// Reads an answer.
///
/// # Errors
/// [`CallError::NotSent`] for what may work later, else [`CallError::Refused`].
pub(super) fn granted(
    response: &HttpResponse,
    oauth2: &OAuth2,
    now: Timestamp,
) -> Result<Granted, CallError> {
    let status = response.status;
    if matches!(status, 408 | 429 | 500..) {
        return Err(CallError::NotSent {
            message: format!("it answered {status}"),
            retry_after: retry_after(&response.headers, now),
        });
    }
    let text = |member: &str| response.body.get(member).and_then(Json::as_str);
    let token = text("access_token").filter(|token| !token.is_empty());
    let (200..300, Some(token)) = (status, token) else {
        return Err(refusal(status, text("error"), oauth2));
    };
    if text("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(refused(TOKEN_REFUSED, "its token is not a bearer's"));
    }
    Ok(Granted {
        header: sensitive(&format!("Bearer {token}"))?,
        refresh: text("refresh_token").and_then(|token| Secret::new(token).ok()),
        lasts: lasts(response.body.get("expires_in")),
    })
}

/// Seconds, as a number or, as some servers have it, as text.
fn lasts(given: Option<&Json>) -> Duration {
    let Some(given) = given.filter(|given| !given.is_null()) else {
        return UNSAID;
    };
    let text = given.as_str().and_then(|text| text.parse().ok());
    let seconds = given.as_f64().or(text).unwrap_or_default();
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A refusal in our own words: what a server says may repeat what it was sent.
fn refusal(status: u16, error: Option<&str>, oauth2: &OAuth2) -> CallError {
    let known = error.and_then(|error| known(error, oauth2));
    let message = match known {
        Some((error, why)) => format!("it answered {status} `{error}`: {why}"),
        None if status < 300 => format!("it answered {status} without a token"),
        None if status < 400 => format!("it answered {status}, and redirects are not followed"),
        None => format!("it answered {status}"),
    };
    refused(TOKEN_REFUSED, message)
}

/// What each error of the RFC asks for.
fn known(error: &str, oauth2: &OAuth2) -> Option<(&'static str, String)> {
    let (secret, refresh) = (&oauth2.secret, oauth2.refresh.as_deref());
    Some(match error {
        "invalid_client" => (
            "invalid_client",
            format!("compare `client_id` and the secret `{secret}` with what it knows"),
        ),
        "invalid_grant" => (
            "invalid_grant",
            match refresh {
                Some(name) => format!(
                    "the refresh token is revoked, too old, or was used before; authorise anew, \
                     and set the secret `{name}`"
                ),
                None => "it does not take the client's credentials as a grant".to_owned(),
            },
        ),
        "unauthorized_client" => (
            "unauthorized_client",
            "allow the client to get tokens in this way".to_owned(),
        ),
        "unsupported_grant_type" => (
            "unsupported_grant_type",
            "it does not issue tokens in this way".to_owned(),
        ),
        "invalid_scope" => (
            "invalid_scope",
            "it does not give the client these `scopes`".to_owned(),
        ),
        "invalid_request" => (
            "invalid_request",
            "some servers want `credentials: body`".to_owned(),
        ),
        _ => return None,
    })
}
