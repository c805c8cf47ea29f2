//! A token endpoint, and the request for a token (RFC 6749, 4.4 and 6).

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdfast_engine::definition::model::{Credentials, OAuth2};
use holdfast_engine::port::{Call, CallError, Secrets};
use holdfast_engine::verify::Secret;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use url::Url;

use super::Holder;
use super::answer::{self, Granted};
use crate::client::{Client, Limit, Outbound};
use crate::credentials::{secret, sensitive};
use crate::failure::{misconfigured, refused};
use crate::settings;

/// The largest answer that is read, in bytes: tokens are short.
const LIMIT: Limit = Limit {
    bytes: 64 * 1024,
    harmless: true,
};

/// Where a call's token comes from.
#[derive(Debug)]
pub(super) struct Endpoint<'a> {
    call: &'a Call<'a>,
    oauth2: &'a OAuth2,
    url: Url,
    client_id: String,
}

impl<'a> Endpoint<'a> {
    pub(super) fn of(call: &'a Call<'_>, oauth2: &'a OAuth2) -> Result<Self, CallError> {
        let url = settings::required(call, Some(&oauth2.token_url), "token_url")?;
        Ok(Self {
            call,
            oauth2,
            url: safe(call, &url)?,
            client_id: settings::required(call, Some(&oauth2.client_id), "client_id")?,
        })
    }

    pub(super) fn holder(&self) -> Holder {
        Holder {
            tenant: self.call.tenant.clone(),
            connection: self.call.connection.name.clone(),
            token_url: self.url.to_string(),
            client_id: self.client_id.clone(),
            secret: self.oauth2.secret.clone(),
            refresh: self.oauth2.refresh.clone(),
            scope: self.oauth2.scopes.join(" "),
        }
    }

    pub(super) fn connection(&self) -> &str {
        self.call.connection.name.as_str()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.call.now
    }

    /// The refresh token as it is configured, where there is one.
    pub(super) async fn refresh_token<S: Secrets>(
        &self,
        secrets: &S,
    ) -> Result<Option<Secret>, CallError> {
        Ok(match &self.oauth2.refresh {
            Some(name) => Some(secret(secrets, self.call, name).await?),
            None => None,
        })
    }

    /// Asks for a token.
    pub(super) async fn ask<S: Secrets>(
        &self,
        (client, secrets): (&Client, &S),
        refresh: Option<&Secret>,
        timeout: Duration,
    ) -> Result<Granted, CallError> {
        let own = secret(secrets, self.call, &self.oauth2.secret).await?;
        let outbound = self.request(&own, refresh, timeout)?;
        let response = client.exchange_within(outbound, LIMIT).await?;
        answer::granted(&response, self.oauth2, self.call.now)
    }

    fn request(
        &self,
        own: &Secret,
        refresh: Option<&Secret>,
        timeout: Duration,
    ) -> Result<Outbound, CallError> {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let json = HeaderValue::from_static("application/json");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, form), (ACCEPT, json)]);
        if self.oauth2.credentials == Credentials::Header {
            let pair = format!("{}:{}", encoded(&self.client_id), encoded(own.expose()));
            let basic = format!("Basic {}", STANDARD.encode(pair));
            headers.insert(AUTHORIZATION, sensitive(&basic)?);
        }
        Ok(Outbound {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: Some(self.form(own, refresh).into_bytes()),
            timeout,
            private: self.call.connection.private,
        })
    }

    fn form(&self, own: &Secret, refresh: Option<&Secret>) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match refresh {
            Some(token) => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("refresh_token", token.expose());
            }
            None => drop(form.append_pair("grant_type", "client_credentials")),
        }
        if !self.oauth2.scopes.is_empty() {
            form.append_pair("scope", &self.oauth2.scopes.join(" "));
        }
        if self.oauth2.credentials == Credentials::Body {
            form.append_pair("client_id", &self.client_id);
            form.append_pair("client_secret", own.expose());
        }
        form.finish()
    }

    /// A failure to get a token. Nothing was sent to the API, whatever happened here.
    pub(super) fn failed(&self, error: CallError) -> CallError {
        match error {
            CallError::NotSent {
                message,
                retry_after,
            }
            | CallError::Maybe {
                message,
                retry_after,
            } => CallError::NotSent {
                message: format!("{self}: {message}"),
                retry_after,
            },
            CallError::Refused { code, message } => refused(code, format!("{self}: {message}")),
        }
    }
}

/// Without a query, which may hold what is not to be shown.
impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        url.set_query(None);
        let connection = self.connection();
        write!(f, "connection `{connection}` got no token from {url}")
    }
}

/// Reads the URL of a token endpoint: the client's secret is sent there.
fn safe(call: &Call<'_>, text: &str) -> Result<Url, CallError> {
    let invalid = || misconfigured("the `token_url` is not an https URL");
    let mut url = Url::parse(text).map_err(|_| invalid())?;
    let scheme = url.scheme();
    if !(scheme == "https" || (scheme == "http" && call.connection.private)) || !url.has_host() {
        return Err(invalid());
    }
    if !url.username().is_empty() || url.password().is_some() {
        let message = "the `token_url` holds a password; use `client_id` and a secret";
        return Err(misconfigured(message));
    }
    url.set_fragment(None);
    Ok(url)
}

/// As RFC 6749 has it before it is encoded as `Basic`.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
