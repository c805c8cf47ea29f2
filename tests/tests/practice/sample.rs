//! Sample events as API Gateway delivers them.

use holdfast_engine::name::SourceName;
use holdfast_receive_webhook::Request;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value as Json};

use super::root;

/// A sample event as API Gateway delivers it.
pub(crate) struct Sample(Map<String, Json>);

impl Sample {
    /// Reads `events/receive-webhook.<name>.json`.
    pub(crate) fn read(name: &str) -> Self {
        let path = root().join(format!("events/receive-webhook.{name}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        Self(serde_json::from_str(&text).unwrap())
    }

    /// The same event with another query.
    pub(crate) fn with_query(mut self, query: &str) -> Self {
        self.0["rawQueryString"] = Json::String(query.to_owned());
        self
    }

    /// The same event with another text in its body.
    pub(crate) fn with_text(mut self, from: &str, to: &str) -> Self {
        let body = self.0["body"].as_str().unwrap();
        assert!(body.contains(from), "{from}");
        self.0["body"] = Json::String(body.replace(from, to));
        self
    }

    /// The source in the event's path.
    pub(super) fn source(&self) -> SourceName {
        let path = self.0["rawPath"].as_str().unwrap();
        path.rsplit('/').next().unwrap().parse().unwrap()
    }

    /// The request, unsigned.
    pub(crate) fn unsigned(&self) -> Request {
        let path = self.0["rawPath"].as_str().unwrap();
        let query = self.0["rawQueryString"].as_str().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in self.0["headers"].as_object().unwrap() {
            let name: HeaderName = name.parse().unwrap();
            if !name.as_str().contains("signature") {
                let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
                headers.insert(name, value);
            }
        }
        Request {
            method: Method::POST,
            path_and_query: if query.is_empty() {
                path.to_owned()
            } else {
                format!("{path}?{query}")
            },
            headers,
            body: self.0["body"].as_str().unwrap().as_bytes().to_vec(),
        }
    }
}
