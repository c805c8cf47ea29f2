//! A request as both modes deliver it.

use std::collections::BTreeMap;

use holdfast_engine::name::{SourceName, TenantName};
use http::{HeaderMap, Method};
use serde_json::{Map, Value as Json};

use crate::Problem;

/// The largest body, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// A request to a webhook endpoint.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query as they were sent.
    pub path_and_query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl From<http::Request<Vec<u8>>> for Request {
    fn from(request: http::Request<Vec<u8>>) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query();
        Self {
            method: parts.method,
            path_and_query: path.map_or("", |path| path.as_str()).to_owned(),
            headers: parts.headers,
            body,
        }
    }
}

impl Request {
    /// Tenant and source of `/hooks/{tenant}/{source}`.
    pub(crate) fn endpoint(&self) -> Result<(TenantName, SourceName), Problem> {
        let path = self.path_and_query.split('?').next().unwrap_or_default();
        let mut segments = path
            .strip_prefix("/hooks/")
            .ok_or(Problem::NotFound)?
            .split('/');
        let (Some(tenant), Some(source), None) =
            (segments.next(), segments.next(), segments.next())
        else {
            return Err(Problem::NotFound);
        };
        let tenant = TenantName::new(tenant).map_err(|_| Problem::NotFound)?;
        let source = SourceName::new(source).map_err(|_| Problem::NotFound)?;
        Ok((tenant, source))
    }

    /// The address that the provider called.
    pub(crate) fn url(&self, public_url: &str) -> String {
        format!(
            "{}{}",
            public_url.trim_end_matches('/'),
            self.path_and_query
        )
    }

    /// The query's parameters; the last of a repeated name.
    pub(crate) fn query(&self) -> Json {
        let query = self
            .path_and_query
            .split_once('?')
            .map_or("", |(_, query)| query);
        let pairs = form_urlencoded::parse(query.as_bytes());
        Json::Object(
            pairs
                .map(|(name, value)| (name.into_owned(), Json::String(value.into_owned())))
                .collect(),
        )
    }

    /// The headers by lower-case name; those that are not text are left out.
    pub(crate) fn header_values(&self) -> Json {
        let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
        let pairs = self
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), text(value)?)));
        let joined = pairs.fold(
            BTreeMap::<String, String>::new(),
            |mut joined, (name, value)| {
                joined
                    .entry(name)
                    .and_modify(|earlier| {
                        earlier.push_str(", ");
                        earlier.push_str(&value);
                    })
                    .or_insert(value);
                joined
            },
        );
        Json::Object(
            joined
                .into_iter()
                .map(|(name, value)| (name, Json::String(value)))
                .collect::<Map<_, _>>(),
        )
    }

    /// The media type, in lower case and without parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let value = self
            .headers
            .get(http::header::CONTENT_TYPE)?
            .to_str()
            .ok()?;
        Some(value.split(';').next()?.trim().to_ascii_lowercase())
    }
}
