//! Paths that stay below their connection's base URL.

use holdfast_engine::step::StepError;
use percent_encoding::percent_decode_str;

/// Refuses a path that could leave the base URL, however it is written.
///
/// Values that a definition interpolates arrive percent-encoded, one segment each. A segment of
/// dots escapes even so: URL parsers read `%2e%2e` as `..`; and an empty one names its parent.
pub(crate) fn check(path: &str) -> Result<(), StepError> {
    match fault(path) {
        Some(fault) => Err(StepError::permanent("InvalidPath", fault)),
        None => Ok(()),
    }
}

fn fault(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    if path
        .chars()
        .any(|c| c.is_control() || c == '\\' || c == '#')
    {
        return Some("the path holds a control character, `\\` or `#`");
    }
    if path.starts_with("//") {
        return Some("the path names a host");
    }
    if path
        .split('/')
        .next()
        .is_some_and(|head| head.contains(':'))
    {
        return Some("the path is a URL of its own");
    }
    if path.trim_start_matches('/').contains("//") {
        return Some("the path has an empty segment");
    }
    path.split('/')
        .any(is_dots)
        .then_some("the path has a segment `.` or `..`")
}

fn is_dots(segment: &str) -> bool {
    let decoded: Vec<u8> = percent_decode_str(segment).collect();
    matches!(decoded.as_slice(), b"." | b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_escapes_is_refused() {
        for path in [
            "..",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/./a",
            "//evil.example/a",
            "https://evil.example",
            "file:x",
            "/a\nb",
            "/members//notes",
            "/a\\..\\b",
            "/a#b",
        ] {
            assert!(fault(path).is_some(), "{path:?}");
        }
    }

    #[test]
    fn a_path_below_the_base_is_accepted() {
        for path in [
            "",
            "/",
            "/a/b",
            "a/b",
            "/a/..b/...",
            "/v1/M%2F1",
            "/t/10:30",
            "/a?next=https://b.example/../c",
        ] {
            assert_eq!(fault(path), None, "{path:?}");
        }
    }
}
