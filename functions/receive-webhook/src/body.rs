//! Reading a verified body.

use http::header::CONTENT_ENCODING;
use percent_encoding::percent_decode;
use serde_json::{Map, Value as Json};

use crate::{Problem, Request, json, multipart};

/// Parses a body by its media type: JSON (nested at most 128 deep), or a form. Without one, JSON
/// is assumed.
pub(crate) async fn parse(request: &Request) -> Result<Json, Problem> {
    plain(request)?;
    match request.media_type().as_deref() {
        Some("application/x-www-form-urlencoded") => form(&request.body),
        Some("multipart/form-data") => multipart::parse(request).await,
        None | Some("application/json" | "text/json") => json(&request.body),
        Some(other) if other.ends_with("+json") => json(&request.body),
        Some(other) => Err(Problem::MediaType(other.to_owned())),
    }
}

/// A compressed body could be a bomb, and no provider sends one unasked.
fn plain(request: &Request) -> Result<(), Problem> {
    for encoding in request.headers.get_all(CONTENT_ENCODING) {
        let encoding = String::from_utf8_lossy(encoding.as_bytes());
        if !encoding.trim().eq_ignore_ascii_case("identity") {
            return Err(Problem::ContentEncoding(encoding.into_owned()));
        }
    }
    Ok(())
}

pub(crate) fn json(body: &[u8]) -> Result<Json, Problem> {
    json::read(body).map_err(|error| Problem::NotJson(error.to_string()))
}

/// A form's fields as text; a repeated name is a list.
fn form(body: &[u8]) -> Result<Json, Problem> {
    let mut fields = Map::new();
    for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let name = decode(halves.next().unwrap_or_default())?;
        let value = decode(halves.next().unwrap_or_default())?;
        add(&mut fields, name, Json::String(value));
    }
    Ok(Json::Object(fields))
}

/// Text that is not UTF-8 is refused: with a mark in the place of each wrong byte, two texts
/// would look like one.
fn decode(text: &[u8]) -> Result<String, Problem> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|b| if *b == b'+' { b' ' } else { *b })
        .collect();
    let decoded = percent_decode(&spaced).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Problem::NotForm("a field is not UTF-8".to_owned()))
}

/// Adds a field of a form; a repeated name is a list.
pub(crate) fn add(fields: &mut Map<String, Json>, name: String, value: Json) {
    match fields.get_mut(&name) {
        None => drop(fields.insert(name, value)),
        Some(Json::Array(values)) => values.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};
    use serde_json::json;

    use super::*;

    fn read(media_type: Option<&'static str>, body: &[u8]) -> Result<Json, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(parse(&request(media_type, body)))
    }

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
        assert!(read(None, nested(127).as_bytes()).is_ok());
        assert!(matches!(
            read(None, nested(129).as_bytes()),
            Err(Problem::NotJson(_))
        ));
    }

    #[test]
    fn a_form_is_an_object_of_texts() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(
            read(Some(form), b"a=1&b=x+y&b=z&%2B=%C3%A9").unwrap(),
            json!({ "a": "1", "b": ["x y", "z"], "+": "é" })
        );
        let refused = read(Some(form), b"a=%ff");
        assert!(matches!(refused, Err(Problem::NotForm(_))), "{refused:?}");
    }

    const PARTS: &str = "multipart/form-data; boundary=xyz";

    fn part(head: &str, text: &str) -> String {
        format!("--xyz\r\ncontent-disposition: form-data; {head}\r\n\r\n{text}\r\n")
    }

    #[test]
    fn a_form_in_parts_is_an_object_of_texts_and_of_what_files_are() {
        let file = "name=\"photo\"; filename=\"a.png\"\r\ncontent-type: image/png";
        let parts = [
            part("name=a", "é"),
            part("name=b", ""),
            part("name=a", "2"),
            part(file, "123"),
        ];
        let body = format!("{}--xyz--\r\n", parts.concat());
        assert_eq!(
            read(Some(PARTS), body.as_bytes()).unwrap(),
            json!({
                "a": ["é", "2"],
                "b": "",
                "photo": { "name": "a.png", "type": "image/png", "size": 3 },
            })
        );
    }

    #[test]
    fn parts_that_cannot_be_read_are_no_form() {
        let whole = format!("{}--xyz--", part("name=a", "1"));
        let nameless = format!("{}--xyz--", part("x=a", "1"));
        let bytes = [
            part("name=a", "").as_bytes(),
            b"--xyz\r\ncontent-disposition: form-data; name=b\r\n\r\n\xff\r\n--xyz--",
        ]
        .concat();
        for (media_type, body) in [
            ("multipart/form-data", whole.as_bytes()),
            (PARTS, &whole.as_bytes()[..whole.len() - 9]),
            (PARTS, nameless.as_bytes()),
            (PARTS, &bytes),
            (PARTS, b""),
        ] {
            let refused = read(Some(media_type), body);
            assert!(matches!(refused, Err(Problem::NotForm(_))), "{refused:?}");
        }
    }

    #[test]
    fn a_media_type_that_is_neither_is_named() {
        let refused = read(Some("text/xml"), b"<a/>");
        assert!(matches!(refused, Err(Problem::MediaType(t)) if t == "text/xml"));
    }

    #[test]
    fn a_compressed_body_is_refused_whatever_it_holds() {
        for (encoding, refused) in [("gzip", true), ("identity", false), ("identity, br", true)] {
            let mut request = request(None, b"{}");
            let value = HeaderValue::from_static(encoding);
            request.headers.insert(CONTENT_ENCODING, value);
            let outcome = matches!(plain(&request), Err(Problem::ContentEncoding(_)));
            assert_eq!(outcome, refused, "{encoding}");
        }
    }
}
