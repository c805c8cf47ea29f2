//! Reading and writing a scheme's headers.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Rejection;
use super::short::Short;

/// The only value of a header that says what was signed. Two values could be read
/// differently by the check and by the definition, so they are refused.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Rejection> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().and_then(|value| value.to_str().ok());
    let text = first.filter(|text| !text.is_empty());
    match (text, values.next()) {
        (Some(text), None) => Ok(text),
        (None, None) => Err(Rejection::MissingHeader(name.to_owned())),
        (_, Some(_)) => Err(Rejection::RepeatedHeader(name.to_owned())),
    }
}

/// Every value of a signature header: each may hold the signature that counts.
pub(super) fn every<'a>(headers: &'a HeaderMap, name: &str) -> Result<Vec<&'a str>, Rejection> {
    let values = headers.get_all(name).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    if texts.is_empty() {
        return Err(Rejection::MissingHeader(name.to_owned()));
    }
    Ok(texts)
}

/// A header to send, or nothing where the text cannot be a header's value.
pub(super) fn header(name: &'static str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let value = HeaderValue::from_str(value).ok()?;
    Some((HeaderName::from_static(name), value))
}

/// A header whose name is a setting of the author's.
pub(super) fn own_header(name: Short, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
    Some((name, HeaderValue::from_str(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_must_be_single_is_refused_twice() {
        let mut headers = HeaderMap::new();
        assert_eq!(
            single(&headers, "a"),
            Err(Rejection::MissingHeader("a".to_owned()))
        );
        headers.append("a", HeaderValue::from_static("1"));
        assert_eq!(single(&headers, "a"), Ok("1"));
        headers.append("a", HeaderValue::from_static("1"));
        assert_eq!(
            single(&headers, "a"),
            Err(Rejection::RepeatedHeader("a".to_owned()))
        );
    }

    #[test]
    fn an_empty_header_is_missing() {
        let headers = HeaderMap::from_iter([header("a", "").unwrap()]);
        assert_eq!(
            single(&headers, "a"),
            Err(Rejection::MissingHeader("a".to_owned()))
        );
        assert_eq!(
            every(&headers, "a"),
            Err(Rejection::MissingHeader("a".to_owned()))
        );
    }
}
