//! Event files: webhooks as API Gateway delivers them, signed anew as their provider would.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdfast_embedded::secrets::{DEVELOPMENT_SECRET, IdentityKey, LocalSecrets};
use holdfast_engine::definition::model::Source;
use holdfast_engine::hash;
use holdfast_engine::name::{SourceName, TenantName};
use holdfast_engine::port::{Ports, Secrets as _};
use holdfast_engine::verify::{self, Secret};
use holdfast_receive_webhook::Request;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde::Deserialize;

use crate::environment;
use crate::failure::Failure;

/// Headers of the way here, not of the message.
const OF_THE_WAY: [&str; 4] = ["host", "content-length", "connection", "transfer-encoding"];

/// An API Gateway event, format 2.0, as far as it is a webhook.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventFile {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl EventFile {
    /// Reads an event file.
    ///
    /// # Errors
    /// [`Failure::Usage`] when there is none, or it is not such an event.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::Usage(format!("{shown} cannot be read: {error}")))?;
        Self::parse(&text).map_err(|error| {
            let wanted = "rawPath, headers, body";
            Failure::Usage(format!(
                "{shown} is no API Gateway event ({wanted}): {error}"
            ))
        })
    }

    /// Reads the text of an event file.
    ///
    /// # Errors
    /// When it is not such an event.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// An event without content, for a source of which nothing more is known.
    pub(crate) fn empty(tenant: &TenantName, source: &SourceName) -> Self {
        let json = ("content-type".to_owned(), "application/json".to_owned());
        Self {
            raw_path: format!("/hooks/{tenant}/{source}"),
            raw_query_string: String::new(),
            headers: BTreeMap::from([json]),
            body: Some("{}".to_owned()),
            is_base64_encoded: false,
        }
    }

    /// Tenant and source of the path `/hooks/{tenant}/{source}`.
    pub(crate) fn endpoint(&self) -> Option<(TenantName, SourceName)> {
        let (tenant, source) = self.raw_path.strip_prefix("/hooks/")?.split_once('/')?;
        Some((TenantName::new(tenant).ok()?, SourceName::new(source).ok()?))
    }

    fn body(&self) -> Result<Vec<u8>, Failure> {
        let text = self.body.as_deref().unwrap_or_default();
        if !self.is_base64_encoded {
            return Ok(text.as_bytes().to_vec());
        }
        let decoded = STANDARD.decode(text);
        decoded.map_err(|error| Failure::Usage(format!("the event's body is no base64: {error}")))
    }

    fn headers(&self) -> HeaderMap {
        let pairs = self.headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        pairs
            .filter(|(name, _)| !OF_THE_WAY.contains(&name.as_str()))
            .collect()
    }

    /// The request that the provider would send to this tenant now.
    ///
    /// # Errors
    /// [`Failure`] when the body does not decode or the scheme cannot sign with the secret.
    pub(crate) fn signed(
        &self,
        tenant: &TenantName,
        source: &Source,
        secret: &Secret,
        public_url: &str,
        now: Timestamp,
    ) -> Result<Request, Failure> {
        let (body, mut headers) = (self.body()?, self.headers());
        let query = self.query(source, &headers, &body);
        let mark = if query.is_empty() { "" } else { "?" };
        let path_and_query = format!("/hooks/{tenant}/{}{mark}{query}", source.name);
        let url = format!("{}{path_and_query}", public_url.trim_end_matches('/'));
        let unsigned = verify::Request {
            method: "POST",
            url: &url,
            headers: &headers,
            body: &body,
        };
        let id = message_id(&headers, &body);
        let signature = verify::sign(source.verify.scheme, secret, &unsigned, &id, now);
        let signature = signature.map_err(|error| {
            let message = format!("source `{}` cannot be signed for: {error}", source.name);
            Failure::wrong("SecretUnusable", message)
        })?;
        for (name, value) in signature {
            headers.insert(name, value);
        }
        Ok(Request {
            method: Method::POST,
            path_and_query,
            headers,
            body,
        })
    }

    /// The query, with what the provider adds for this body.
    fn query(&self, source: &Source, headers: &HeaderMap, body: &[u8]) -> String {
        let url = format!("/?{}", self.raw_query_string);
        let request = verify::Request {
            method: "POST",
            url: &url,
            headers,
            body,
        };
        let own = Some(self.raw_query_string.clone()).filter(|query| !query.is_empty());
        let added = verify::query_addition(source.verify.scheme, &request);
        own.into_iter().chain(added).collect::<Vec<_>>().join("&")
    }
}

/// The message id of schemes that sign one: the file's own, so that sending it twice is a
/// redelivery, else one of the body.
fn message_id(headers: &HeaderMap, body: &[u8]) -> String {
    let own = ["webhook-id", "svix-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok());
    own.map_or_else(|| format!("msg_{}", hash::base32(&[body])), str::to_owned)
}

/// The secret that signs for a source: of the environment, else the well-known one of
/// development.
///
/// # Errors
/// Never: the well-known secret is one.
pub(crate) fn secret(tenant: &TenantName, source: &Source) -> Result<Secret, Failure> {
    let secrets = LocalSecrets::of(&environment::secrets(), IdentityKey([0; 32]));
    let named = source.verify.secrets.iter();
    let set = named.flat_map(|name| secrets.active(tenant, name)).next();
    set.map_or_else(development_secret, Ok)
}

/// The secret that signs for a source of a stage: of the environment, else the stage's own.
///
/// # Errors
/// [`Failure`] when it is not set, or cannot be read.
pub(crate) async fn secret_of(
    ports: &impl Ports,
    tenant: &TenantName,
    source: &Source,
) -> Result<Secret, Failure> {
    let given = LocalSecrets::of(&environment::secrets(), IdentityKey([0; 32]));
    for name in &source.verify.secrets {
        let mut active = given.active(tenant, name);
        active.extend(ports.secrets().secret(tenant, name).await?);
        if let Some(secret) = active.into_iter().next() {
            return Ok(secret);
        }
    }
    match source.verify.secrets.first() {
        // Nothing is signed with it.
        None => development_secret(),
        Some(name) => {
            let message = format!("the secret `{name}` of source `{}` is not set", source.name);
            Err(Failure::wrong("SecretsMissing", message))
        }
    }
}

/// The well-known secret of development.
///
/// # Errors
/// Never: it is one.
pub(crate) fn development_secret() -> Result<Secret, Failure> {
    Secret::new(DEVELOPMENT_SECRET)
        .map_err(|error| Failure::wrong("SecretUnusable", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(json: &serde_json::Value) -> EventFile {
        EventFile::parse(&json.to_string()).unwrap()
    }

    #[test]
    fn the_endpoint_is_read_from_the_path() {
        let event =
            file(&serde_json::json!({ "rawPath": "/hooks/demo/calendly", "version": "2.0" }));
        let (tenant, source) = event.endpoint().unwrap();
        assert_eq!((tenant.as_str(), source.as_str()), ("demo", "calendly"));
        for path in ["/hooks/demo", "/hooks/demo/a/b", "/other/demo/a"] {
            assert!(
                file(&serde_json::json!({ "rawPath": path }))
                    .endpoint()
                    .is_none()
            );
        }
    }

    #[test]
    fn a_body_in_base64_is_sent_as_its_bytes() {
        let event = file(&serde_json::json!({
            "rawPath": "/", "body": "aGk=", "isBase64Encoded": true, "headers": { "Host": "x", "X-A": "1" }
        }));
        assert_eq!(event.body().unwrap(), b"hi");
        let headers = event.headers();
        assert_eq!(
            headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["x-a"]
        );
    }
}
