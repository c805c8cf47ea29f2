//! The one HTTP client: reach, time, size, and what each failure means.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::port::{CallError, HttpResponse};
use http::{HeaderMap, Method};
use serde_json::Value as Json;
use url::{Host, Url};

use crate::address::{self, PublicResolver};
use crate::failure::{maybe, misconfigured, of_request, refused};
use crate::tls::{self, SetupError};

/// The largest response body that is read, in bytes.
pub(crate) const MAX_RESPONSE: usize = 1024 * 1024;

/// Less than any step's own time: a connection that does not come about is told from an answer
/// that does not.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// Shorter than the keep-alive of common servers: a request on a connection that its server is
/// about to close ends uncertain.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The HTTP client that the adapters share; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    guarded: reqwest::Client,
    pub(crate) open: reqwest::Client,
}

/// A request with everything that it needs.
#[derive(Debug, Clone)]
pub(crate) struct Outbound {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) timeout: Duration,
    pub(crate) private: bool,
}

/// How much of a response is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// The most bytes of its body.
    pub(crate) bytes: usize,
    /// Whether nothing happened at the receiver that a larger response leaves open.
    pub(crate) harmless: bool,
}

impl Client {
    /// A client that has no connection yet.
    ///
    /// # Errors
    /// [`SetupError`] when the system's certificates cannot be used.
    pub fn new() -> Result<Self, SetupError> {
        let guarded = builder()?.dns_resolver(Arc::new(PublicResolver)).build();
        Ok(Self {
            guarded: guarded.map_err(SetupError::Client)?,
            open: builder()?.build().map_err(SetupError::Client)?,
        })
    }

    /// Sends one request and reads its whole response, whatever the status.
    pub(crate) async fn exchange(&self, outbound: Outbound) -> Result<HttpResponse, CallError> {
        let harmless = outbound.method.is_safe();
        let limit = Limit {
            bytes: MAX_RESPONSE,
            harmless,
        };
        self.exchange_within(outbound, limit).await
    }

    /// The same with a limit of its own for the response.
    pub(crate) async fn exchange_within(
        &self,
        outbound: Outbound,
        limit: Limit,
    ) -> Result<HttpResponse, CallError> {
        let client = if outbound.private {
            &self.open
        } else {
            admit_literal(&outbound.url)?;
            &self.guarded
        };
        let mut request = client
            .request(outbound.method, outbound.url)
            .headers(outbound.headers)
            .timeout(outbound.timeout);
        if let Some(body) = outbound.body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| of_request(&error))?;
        read(response, limit).await
    }
}

fn builder() -> Result<reqwest::ClientBuilder, SetupError> {
    Ok(tls::builder()?
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT))
}

/// A literal address is never resolved, so it is checked here.
fn admit_literal(url: &Url) -> Result<(), CallError> {
    let address = match url.host() {
        None => return Err(misconfigured("the URL has no host")),
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
    };
    Ok(address::admit(address)?)
}

async fn read(response: reqwest::Response, limit: Limit) -> Result<HttpResponse, CallError> {
    let status = response.status().as_u16();
    let headers = headers(response.headers());
    let body = match body(response, limit).await {
        Ok(bytes) => lenient(&bytes),
        // The status alone decides.
        Err(_) if status >= 400 => Json::Null,
        Err(error) => return Err(error),
    };
    Ok(HttpResponse {
        status,
        headers,
        body,
    })
}

async fn body(mut response: reqwest::Response, limit: Limit) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > limit.bytes {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn broken(error: &reqwest::Error) -> CallError {
    if error.is_timeout() {
        maybe("the receiver did not finish its answer in time")
    } else {
        maybe("the connection broke within the answer")
    }
}

/// After a write the effect has happened although its answer is of no use.
fn too_large(limit: Limit) -> CallError {
    let message = format!("the answer is larger than {} bytes", limit.bytes);
    if limit.harmless {
        refused("ResponseTooLarge", message)
    } else {
        maybe(message)
    }
}

fn headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        texts
            .entry(name.as_str().to_owned())
            .and_modify(|text| {
                text.push_str(", ");
                text.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    texts
}

/// JSON where it parses as JSON, else text; null when empty.
#[must_use]
pub fn lenient(bytes: &[u8]) -> Json {
    if bytes.is_empty() {
        return Json::Null;
    }
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Json::String(String::from_utf8_lossy(bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_is_json_where_it_parses_and_text_where_not() {
        assert_eq!(lenient(b""), Json::Null);
        assert_eq!(lenient(b"{\"a\":1}"), json!({"a": 1}));
        assert_eq!(lenient(b"not json"), json!("not json"));
        assert_eq!(lenient(b"{\"a\":"), json!("{\"a\":"));
        assert_eq!(lenient(b"\xff"), json!("\u{fffd}"));
    }

    #[test]
    fn a_repeated_header_keeps_its_values() {
        let mut map = HeaderMap::new();
        map.append("a", "1".parse().unwrap());
        map.append("a", "2".parse().unwrap());
        assert_eq!(headers(&map).get("a").map(String::as_str), Some("1, 2"));
    }
}
