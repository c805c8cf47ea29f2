//! The call for the next page, as the answer of the one before says where it is.

use holdfast_engine::port::Call;
use holdfast_engine::step::StepError;
use serde_json::{Map, Value as Json};
use url::Url;

/// The input of the next page. An address takes the place of path and query: the whole of it,
/// which must lie below the connection's URL, a path as in `with`, or a query alone. An object has
/// query parameters, which take the place of those with the same names.
pub(crate) fn turn(call: &Call<'_>, input: &Json, next: &Json) -> Result<Json, StepError> {
    let mut members = input.as_object().cloned().unwrap_or_default();
    match next {
        Json::Object(parameters) => {
            let query = members.entry("query").or_insert_with(|| Map::new().into());
            if let Some(query) = query.as_object_mut() {
                query.extend(parameters.clone());
            }
        }
        next => {
            let path = members
                .get("path")
                .and_then(Json::as_str)
                .unwrap_or_default();
            let path = at(call, path, next.as_str().unwrap_or_default())?;
            members.insert("path".to_owned(), path.into());
            members.remove("query");
        }
    }
    Ok(members.into())
}

/// The path of an address, as `with` would have it.
fn at(call: &Call<'_>, path: &str, next: &str) -> Result<String, StepError> {
    if next.starts_with('?') {
        let path = path.split('?').next().unwrap_or_default();
        return Ok(format!("{path}{next}"));
    }
    match Url::parse(next) {
        Ok(whole) => below(call, &whole),
        Err(_) => Ok(next.to_owned()),
    }
}

/// The part of a URL below the connection's own.
fn below(call: &Call<'_>, next: &Url) -> Result<String, StepError> {
    let base = call.setting(call.connection.url.as_ref()).ok().flatten();
    let base = base.and_then(|base| Url::parse(&base).ok());
    let part = base.as_ref().and_then(|base| {
        let plain = next.username().is_empty() && next.password().is_none();
        let path = next
            .path()
            .strip_prefix(base.path().trim_end_matches('/'))?;
        let below = path.is_empty() || path.starts_with('/');
        (plain && below && base.origin() == next.origin()).then(|| (path, own(base, next)))
    });
    match part {
        Some((path, Some(query))) => Ok(format!("{path}?{query}")),
        Some((path, None)) => Ok(path.to_owned()),
        None => {
            let message = "the next page is not below the connection's `url`";
            Err(StepError::permanent("NextPageRefused", message))
        }
    }
}

/// The query without what the connection's URL adds to each call.
fn own<'n>(base: &Url, next: &'n Url) -> Option<&'n str> {
    let query = next.query()?;
    let rest = base.query().and_then(|always| query.strip_prefix(always));
    match rest {
        Some("") => None,
        Some(rest) if rest.starts_with('&') => rest.get(1..),
        _ => Some(query),
    }
}

#[cfg(test)]
mod tests {
    use holdfast_engine::definition::model::{Connection, ConnectionKind, ValueExpression};
    use holdfast_engine::name::{ConnectionName, TenantName};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn turned(base: &str, input: &Json, next: &Json) -> Result<Json, StepError> {
        let mut connection =
            Connection::new(ConnectionName::new("c").unwrap(), ConnectionKind::Http);
        connection.url = Some(ValueExpression::Literal(json!(base)));
        let call = Call {
            connection: &connection,
            config: &json!({}),
            tenant: &TenantName::new("t").unwrap(),
            key: "k",
            now: Timestamp::UNIX_EPOCH,
            timeout: std::time::Duration::from_secs(1),
            callback: None,
        };
        turn(&call, input, next)
    }

    const BASE: &str = "https://a.example/api/?v=1";

    fn path(next: &str) -> Result<String, StepError> {
        let input = json!({ "path": "/people?page=1", "query": { "size": 5 }, "headers": {} });
        let next = turned(BASE, &input, &json!(next))?;
        assert_eq!(next.get("query"), None, "the address is whole");
        assert_eq!(next["headers"], json!({}));
        Ok(next["path"].as_str().unwrap().to_owned())
    }

    #[test]
    fn an_address_takes_the_place_of_path_and_query() {
        for (next, expected) in [
            ("?page=2", "/people?page=2"),
            ("/people?page=2", "/people?page=2"),
            ("people/2", "people/2"),
            (
                "https://a.example/api/people?page=2%26",
                "/people?page=2%26",
            ),
            ("https://A.example:443/api/people", "/people"),
            ("https://a.example/api?v=1&page=2", "?page=2"),
            ("https://a.example/api/x?v=1", "/x"),
            ("https://a.example/api/x?v=12", "/x?v=12"),
        ] {
            assert_eq!(path(next).unwrap(), expected, "{next}");
        }
    }

    #[test]
    fn a_page_elsewhere_is_refused_without_its_address() {
        for next in [
            "https://evil.example/api/x?secret",
            "http://a.example/api/x",
            "https://a.example:8443/api/x",
            "https://a.example/apis/secret",
            "https://a.example/api/../secret",
            "https://u:secret@a.example/api/x",
            "mailto:secret@a.example",
        ] {
            let error = path(next).unwrap_err();
            assert_eq!(error.code(), "NextPageRefused", "{next}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn parameters_take_the_place_of_those_with_their_names() {
        let next = json!({ "after": "x&y" });
        let first = json!({ "path": "/a", "query": { "size": 5, "after": "w" } });
        let expected = json!({ "path": "/a", "query": { "size": 5, "after": "x&y" } });
        assert_eq!(turned(BASE, &first, &next).unwrap(), expected);
        let without = turned(BASE, &json!({ "path": "/a" }), &next).unwrap();
        assert_eq!(
            without,
            json!({ "path": "/a", "query": { "after": "x&y" } })
        );
    }
}
