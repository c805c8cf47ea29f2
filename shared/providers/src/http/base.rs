//! A connection's base URL, and what lies below it.

use holdfast_engine::port::CallError;
use url::Url;

use crate::failure::{misconfigured, refused};

/// The URL below which a connection's calls stay.
#[derive(Debug, Clone)]
pub(super) struct Base {
    url: Url,
    /// The path without its closing slash.
    path: String,
}

impl Base {
    /// Reads a base URL.
    pub(super) fn parse(text: &str) -> Result<Self, CallError> {
        let invalid = || misconfigured("the connection's `url` is not an http or https URL");
        let url = Url::parse(text).map_err(|_| invalid())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(invalid());
        }
        if !url.username().is_empty() || url.password().is_some() {
            let message = "the connection's `url` holds a password; use `auth` and a secret";
            return Err(misconfigured(message));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        Ok(Self { url, path })
    }

    /// The URL of a path below the base; the path may have a query of its own.
    pub(super) fn join(&self, path: &str, query: &[(String, String)]) -> Result<Url, CallError> {
        let (path, own) = path.split_once('?').unwrap_or((path, ""));
        let mut url = self.url.clone();
        url.set_fragment(None);
        if !path.is_empty() {
            url.set_path(&format!("{}/{}", self.path, path.trim_start_matches('/')));
        }
        if !own.is_empty() {
            let queries = [self.url.query(), Some(own)].into_iter().flatten();
            url.set_query(Some(&queries.collect::<Vec<_>>().join("&")));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        if self.contains(&url) {
            Ok(url)
        } else {
            Err(refused(
                "InvalidPath",
                "the path leaves the connection's `url`",
            ))
        }
    }

    /// Whether a URL lies below the base, at the same scheme, host and port.
    pub(super) fn contains(&self, url: &Url) -> bool {
        let below = url.path().strip_prefix(&self.path);
        url.origin() == self.url.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base(text: &str) -> Base {
        Base::parse(text).unwrap()
    }

    fn join(at: &str, path: &str, query: &[(&str, &str)]) -> String {
        let query: Vec<(String, String)> = query
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        base(at).join(path, &query).unwrap().to_string()
    }

    #[test]
    fn a_path_is_joined_below_the_base_as_it_is_encoded() {
        for at in ["https://a.example/api", "https://a.example/api/"] {
            for path in ["v1/x%2Fy", "/v1/x%2Fy"] {
                assert_eq!(join(at, path, &[]), "https://a.example/api/v1/x%2Fy");
            }
        }
        assert_eq!(join("https://a.example", "", &[]), "https://a.example/");
        assert_eq!(join("https://a.example/x", "", &[]), "https://a.example/x");
    }

    #[test]
    fn queries_of_base_path_and_input_are_all_kept() {
        let url = join("https://a.example/?v=1", "/x?a=b", &[("q", "1&2")]);
        assert_eq!(url, "https://a.example/x?v=1&a=b&q=1%262");
    }

    #[test]
    fn a_path_that_leaves_the_base_is_refused() {
        for path in ["../b", "/v1/../../b", "%2e%2e/b", "x/..\\..\\..\\b"] {
            let error = base("https://a.example/api").join(path, &[]).unwrap_err();
            assert!(matches!(error, CallError::Refused { code, .. } if code == "InvalidPath"));
        }
    }

    #[test]
    fn a_neighbour_is_not_below() {
        let base = base("https://a.example/api");
        for other in [
            "https://a.example/apis",
            "https://a.example/",
            "http://a.example/api",
            "https://a.example:8443/api",
            "https://b.example/api",
            "https://u@a.example/api",
        ] {
            assert!(!base.contains(&Url::parse(other).unwrap()), "{other}");
        }
        assert!(base.contains(&Url::parse("https://a.example:443/api/x").unwrap()));
    }

    #[test]
    fn a_url_with_a_password_is_refused_without_naming_it() {
        for text in [
            "https://u:hunter2@a.example",
            "ftp://a.example",
            "a.example",
        ] {
            let error = Base::parse(text).unwrap_err();
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    proptest! {
        #[test]
        fn no_path_leaves_the_base(path in "[a-z./\\\\%2eE:@?#\\n\u{e9}-]{0,24}") {
            let base = base("https://a.example/api");
            if let Ok(url) = base.join(&path, &[]) {
                prop_assert_eq!(url.host_str(), Some("a.example"));
                prop_assert!(base.contains(&url));
            }
        }
    }
}
