//! Webhooks as their providers send them.

use std::sync::atomic::{AtomicU32, Ordering};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::secrets::DEVELOPMENT_SECRET;
use holdfast_engine::definition::model::Pack;
use holdfast_engine::id::EventId;
use holdfast_engine::name::{SourceName, TenantName};
use holdfast_engine::port::Clock;
use holdfast_engine::verify::{self, Secret};
use holdfast_receive_webhook::Request;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value as Json, json};

use crate::{Stack, file};

/// A name that no earlier story had, on this stack or another.
pub fn fresh(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{}-{number}", SystemClock.now().as_millisecond())
}

impl Stack {
    /// Has something happen at the source of a tenant's pack, whose id this is; its event.
    pub async fn happens(&self, tenant: &TenantName, kind: &str, id: &str) -> EventId {
        let pack = self.pack(tenant).await;
        let source = pack.sources.keys().next().unwrap().clone();
        let body = json!({ "kind": kind, "id": id });
        let request = self.signed(tenant, &pack, source.as_str(), &body);
        let (status, answer) = self.post(&request).await;
        assert_eq!(status, 202, "{answer}");
        EventId::from_text(answer["event"].as_str().unwrap())
    }

    /// The body of a sample event.
    pub fn sample(&self, name: &str) -> Json {
        let text = std::fs::read_to_string(file(&format!("events/{name}"))).unwrap();
        let event: Json = serde_json::from_str(&text).unwrap();
        serde_json::from_str(event["body"].as_str().unwrap()).unwrap()
    }

    /// A webhook with this body, signed as the source's provider would.
    pub fn signed(&self, tenant: &TenantName, pack: &Pack, source: &str, body: &Json) -> Request {
        let source = &pack.sources[&SourceName::new(source).unwrap()];
        let path_and_query = format!("/hooks/{tenant}/{}", source.name);
        let body = body.to_string().into_bytes();
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let base = self.ports.config().public_url.clone().unwrap_or_default();
        let unsigned = verify::Request {
            method: "POST",
            url: &format!("{base}{path_and_query}"),
            headers: &headers,
            body: &body,
        };
        let secret = Secret::new(DEVELOPMENT_SECRET).unwrap();
        let id = format!("msg_{}", body.len());
        let now = SystemClock.now();
        let signature = verify::sign(source.verify.scheme, &secret, &unsigned, &id, now).unwrap();
        for (name, value) in signature {
            headers.insert(name, value);
        }
        Request {
            method: Method::POST,
            path_and_query,
            headers,
            body,
        }
    }
}
