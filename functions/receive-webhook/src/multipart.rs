//! The fields of a form in parts.

use std::convert::Infallible;

use futures_util::stream;
use multer::Multipart;
use serde_json::{Map, Value as Json, json};

use crate::body::add;
use crate::{Problem, Request};

/// Reads `multipart/form-data`: a field is its text; of a file only name, type and size are kept.
pub(crate) async fn parse(request: &Request) -> Result<Json, Problem> {
    let media_type = request.headers.get(http::header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(media_type.unwrap_or_default()).map_err(no_form)?;
    let whole = stream::iter([Ok::<_, Infallible>(request.body.clone())]);
    let mut parts = Multipart::new(whole, boundary);
    let mut fields = Map::new();
    while let Some(part) = parts.next_field().await.map_err(no_form)? {
        let name = part.name().map(str::to_owned);
        let name = name.ok_or_else(|| Problem::NotForm("a part has no name".to_owned()))?;
        let file = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(ToString::to_string);
        let bytes = part.bytes().await.map_err(no_form)?;
        let value = match file {
            Some(file) => json!({ "name": file, "type": content_type, "size": bytes.len() }),
            None => text(&bytes)?,
        };
        add(&mut fields, name, value);
    }
    Ok(Json::Object(fields))
}

fn text(bytes: &[u8]) -> Result<Json, Problem> {
    let text = std::str::from_utf8(bytes);
    text.map(Json::from)
        .map_err(|_| Problem::NotForm("a field is not UTF-8".to_owned()))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is a function for `map_err`"
)]
fn no_form(error: multer::Error) -> Problem {
    Problem::NotForm(error.to_string())
}
