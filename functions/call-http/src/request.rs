//! From a step's input to a request.

use holdfast_engine::definition::model::Connection;
use holdfast_engine::port::HttpRequest;
use holdfast_engine::step::StepError;
use serde_json::{Map, Value as Json};

use crate::{Input, body, path};

impl Input {
    pub(crate) fn method(&self) -> &str {
        let has_body = self.json.is_some() || self.form.is_some() || self.multipart.is_some();
        let default = if has_body { "POST" } else { "GET" };
        self.method.as_deref().unwrap_or(default)
    }
}

/// Whether a method only reads.
pub(crate) fn is_harmless(method: &str) -> bool {
    ["GET", "HEAD"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(method))
}

/// Builds the request; the same input and key give the same bytes.
pub(crate) fn build(
    input: Input,
    connection: &Connection,
    key: &str,
) -> Result<HttpRequest, StepError> {
    path::check(&input.path)?;
    let method = input.method().to_ascii_uppercase();
    let mut headers = texts(&input.headers, "headers")?;
    let body = body::encode(&input, key)?;
    if let Some(body) = &body {
        set(&mut headers, "content-type", &body.content_type, false);
    }
    if let Some(idempotency) = connection.idempotency.as_ref()
        && !is_harmless(&method)
    {
        set(&mut headers, &idempotency.header, key, true);
    }
    Ok(HttpRequest {
        query: texts(&input.query, "query")?,
        path: input.path,
        body: body.map(|body| body.bytes),
        method,
        headers,
    })
}

/// Sets a header; one that is there already is kept unless it must be ours.
fn set(headers: &mut Vec<(String, String)>, name: &str, value: &str, ours: bool) {
    if ours {
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }
    if !headers
        .iter()
        .any(|(other, _)| other.eq_ignore_ascii_case(name))
    {
        headers.push((name.to_owned(), value.to_owned()));
    }
}

/// Named texts: a list repeats its name, null leaves it out.
pub(crate) fn texts(
    members: &Map<String, Json>,
    what: &str,
) -> Result<Vec<(String, String)>, StepError> {
    let mut pairs = Vec::new();
    for (name, value) in members {
        let values = match value {
            Json::Array(values) => values.as_slice(),
            single => std::slice::from_ref(single),
        };
        for value in values.iter().filter(|value| !value.is_null()) {
            let text = text(value).ok_or_else(|| {
                let message = format!("`{name}` in `{what}` is not text, a number or a boolean");
                StepError::permanent("InvalidInput", message)
            })?;
            pairs.push((name.clone(), text));
        }
    }
    Ok(pairs)
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
