//! Absolute web addresses.

use url::Url;

use super::violation::{Fault, Rule};

pub(super) const EXPECTED: &str = "an http or https URL such as https://example.com/a";

/// The longest URL, in bytes; web servers give up earlier.
const LONGEST: usize = 16_384;

/// The address as browsers normalise it: lower-case scheme and host, IDNA, no default port, dots
/// resolved. What a browser would repair in silence (spaces, backslashes, a missing `//`) is
/// refused: it is more often a mistake of the sender.
pub(super) fn normal(text: &str) -> Result<String, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::new(Rule::Max, format!("at most {LONGEST} bytes")));
    }
    read(text).ok_or_else(|| Fault::format(EXPECTED))
}

fn read(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    let written = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(url.scheme()));
    let repaired = |c: char| c == '\\' || c.is_whitespace() || c.is_control();
    (web && written && !text.contains(repaired)).then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_text() {
        for (text, stored) in [
            ("HTTPS://Example.com", "https://example.com/"),
            (
                "https://example.com:443/a/../b?q=1#f",
                "https://example.com/b?q=1#f",
            ),
            (
                "http://bücher.example/ü",
                "http://xn--bcher-kva.example/%C3%BC",
            ),
        ] {
            assert_eq!(normal(text), Ok(stored.to_owned()));
        }
    }

    #[test]
    fn what_is_no_absolute_web_address_is_refused() {
        for text in [
            "",
            "example.com",
            "/a",
            "//example.com",
            "ftp://example.com",
            "mailto:a@example.com",
            "http:example.com",
            "http://",
            "https://exa mple.com",
            " https://example.com",
            "https:\\\\example.com",
            "javascript:alert(1)",
            "https://example.com/\n",
        ] {
            assert!(normal(text).is_err(), "{text:?}");
        }
        let long = format!("https://example.com/{}", "a".repeat(LONGEST));
        assert_eq!(normal(&long).unwrap_err().rule, Rule::Max);
    }
}
