//! How calls authenticate: secrets, looked up at use and put nowhere but into the call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdfast_engine::definition::model::Auth;
use holdfast_engine::port::{Call, CallError, Secrets};
use holdfast_engine::verify::Secret;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use crate::failure::{misconfigured, not_sent, refused};

/// The first active value of a secret.
pub(crate) async fn secret<S: Secrets>(
    secrets: &S,
    call: &Call<'_>,
    name: &str,
) -> Result<Secret, CallError> {
    let values = secrets.secret(call.tenant, name).await;
    let values = values.map_err(|error| not_sent(format!("no secret: {error}")))?;
    let first = values.into_iter().next();
    first.ok_or_else(|| refused("SecretMissing", format!("secret `{name}` is not set")))
}

/// The header that authenticates a call, if its connection has one that needs nothing but secrets.
pub(crate) async fn header<S: Secrets>(
    secrets: &S,
    call: &Call<'_>,
) -> Result<Option<(HeaderName, HeaderValue)>, CallError> {
    let Some(auth) = &call.connection.auth else {
        return Ok(None);
    };
    let (name, text) = match auth {
        Auth::Bearer(name) => (
            AUTHORIZATION,
            format!("Bearer {}", secret(secrets, call, name).await?.expose()),
        ),
        Auth::Basic { user, secret: name } => (
            AUTHORIZATION,
            basic(user, &secret(secrets, call, name).await?),
        ),
        Auth::Header { name, secret: key } => {
            let header = HeaderName::try_from(name.as_str())
                .map_err(|_| misconfigured(format!("`{name}` is not a header's name")))?;
            let value = secret(secrets, call, key).await?;
            (header, value.expose().to_owned())
        }
        Auth::OAuth2(_) => return Ok(None),
    };
    Ok(Some((name, sensitive(&text)?)))
}

/// The value of `Authorization` for a user and a password.
pub(crate) fn basic(user: &str, password: &Secret) -> String {
    let pair = format!("{user}:{}", password.expose());
    format!("Basic {}", STANDARD.encode(pair))
}

/// A header's value that debug output hides.
pub(crate) fn sensitive(text: &str) -> Result<HeaderValue, CallError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| refused("SecretUnusable", "a secret cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}
