//! Reading a verified body.

use serde_json::{Map, Value as Json};

use crate::{Problem, Request};

/// Parses a body by its media type: JSON (nested at most 128 deep), or a form. Without one, JSON
/// is assumed.
pub(crate) fn parse(request: &Request) -> Result<Json, Problem> {
    match request.media_type().as_deref() {
        Some("application/x-www-form-urlencoded") => Ok(form(&request.body)),
        None | Some("application/json" | "text/json") => json(&request.body),
        Some(other) if other.ends_with("+json") => json(&request.body),
        Some(other) => Err(Problem::MediaType(other.to_owned())),
    }
}

fn json(body: &[u8]) -> Result<Json, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::NotJson(error.to_string()))
}

/// A form's fields as text; a repeated name is a list.
fn form(body: &[u8]) -> Json {
    let mut fields: Map<String, Json> = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let value = Json::String(value.into_owned());
        match fields.get_mut(name.as_ref()) {
            None => drop(fields.insert(name.into_owned(), value)),
            Some(Json::Array(values)) => values.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
    Json::Object(fields)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};
    use serde_json::json;

    use super::*;

    fn request(media_type: Option<&'static str>, body: &[u8]) -> Request {
        let mut headers = HeaderMap::new();
        if let Some(media_type) = media_type {
            headers.insert(
                http::header::CONTENT_TYPE,
                HeaderValue::from_static(media_type),
            );
        }
        Request {
            method: Method::POST,
            path_and_query: "/hooks/t/s".into(),
            headers,
            body: body.to_vec(),
        }
    }

    #[test]
    fn json_nested_over_128_deep_is_refused() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&request(None, nested(127).as_bytes())).is_ok());
        assert!(matches!(
            parse(&request(None, nested(129).as_bytes())),
            Err(Problem::NotJson(_))
        ));
    }

    #[test]
    fn a_form_is_an_object_of_texts() {
        let form = request(
            Some("application/x-www-form-urlencoded; charset=utf-8"),
            b"a=1&b=x+y&b=z",
        );
        assert_eq!(
            parse(&form).unwrap(),
            json!({ "a": "1", "b": ["x y", "z"] })
        );
    }

    #[test]
    fn a_media_type_that_is_neither_is_named() {
        assert!(
            matches!(parse(&request(Some("text/xml"), b"<a/>")), Err(Problem::MediaType(t)) if t == "text/xml")
        );
    }
}
