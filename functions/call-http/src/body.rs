//! Request bodies: JSON, form and multipart.

use holdfast_engine::hash;
use holdfast_engine::step::StepError;
use serde_json::Value as Json;

use crate::Input;
use crate::request::texts;

/// An encoded body.
pub(crate) struct Body {
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// Encodes the one body that the input has.
pub(crate) fn encode(input: &Input, key: &str) -> Result<Option<Body>, StepError> {
    match (&input.json, &input.form, &input.multipart) {
        (None, None, None) => Ok(None),
        (Some(value), None, None) => Ok(Some(json(value))),
        (None, Some(fields), None) => Ok(Some(form(&texts(fields, "form")?))),
        (None, None, Some(fields)) => Ok(Some(multipart(&texts(fields, "multipart")?, key))),
        _ => Err(StepError::permanent(
            "InvalidInput",
            "give one of `json`, `form` and `multipart`",
        )),
    }
}

fn json(value: &Json) -> Body {
    Body {
        content_type: "application/json".to_owned(),
        bytes: value.to_string().into_bytes(),
    }
}

fn form(fields: &[(String, String)]) -> Body {
    let mut encoder = form_urlencoded::Serializer::new(String::new());
    Body {
        content_type: "application/x-www-form-urlencoded".to_owned(),
        bytes: encoder.extend_pairs(fields).finish().into_bytes(),
    }
}

/// The boundary comes from the key and the fields, so that a repeated call sends the same bytes
/// and no field can contain it.
fn multipart(fields: &[(String, String)], key: &str) -> Body {
    let parts: Vec<&[u8]> = std::iter::once(key.as_bytes())
        .chain(fields.iter().map(|(_, value)| value.as_bytes()))
        .collect();
    let boundary = format!("holdfast-{}", hash::base32(&parts));
    let part = |(name, value): &(String, String)| {
        let name = quoted(name);
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let mut text: String = fields.iter().map(part).collect();
    text.extend(["--", &boundary, "--\r\n"]);
    Body {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        bytes: text.into_bytes(),
    }
}

/// A field's name as browsers write it, so that it cannot end its line or its quotes.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_form_encodes_what_would_split_it() {
        let body = form(&[field("a b", "1&2=3"), field("c", "+é")]);
        assert_eq!(body.bytes, b"a+b=1%262%3D3&c=%2B%C3%A9");
    }

    #[test]
    fn a_multipart_body_is_the_same_for_the_same_key() {
        let fields = [field("a\"\r\nb", "1\r\n2")];
        let body = multipart(&fields, "k");
        assert_eq!(body.bytes, multipart(&fields, "k").bytes);
        let boundary = body.content_type.split_once("boundary=").unwrap().1;
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"a%22%0D%0Ab\"\r\n\r\n1\r\n2\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(body.bytes).unwrap(), expected);
    }

    #[test]
    fn two_bodies_are_a_mistake() {
        let input = Input {
            json: Some(Json::Bool(true)),
            form: Some(serde_json::Map::new()),
            ..Input::default()
        };
        let error = encode(&input, "k").err().unwrap();
        assert_eq!(error.code(), "InvalidInput");
    }
}
