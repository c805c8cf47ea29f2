//! When a receiver asks to be called again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Reads `Retry-After`: seconds, or an HTTP date.
///
/// A date is compared with the receiver's own `Date`, so that no clock but its own matters;
/// without one it is ignored. Headers' names are in lower case.
pub(super) fn retry_after(headers: &BTreeMap<String, String>) -> Option<Duration> {
    let value = headers.get("retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(value)?.duration_since(http_date(headers.get("date")?)?);
    Some(until.try_into().unwrap_or(Duration::ZERO))
}

fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Option<u64> {
        let headers = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    const NOW: (&str, &str) = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");

    #[test]
    fn seconds_are_read_as_they_are() {
        assert_eq!(read(&[("retry-after", "120")]), Some(120));
        assert_eq!(read(&[("retry-after", " 0 ")]), Some(0));
    }

    #[test]
    fn a_date_is_counted_from_the_receivers_own() {
        let later = ("retry-after", "Wed, 21 Oct 2026 07:29:30 GMT");
        assert_eq!(read(&[NOW, later]), Some(90));
        let past = ("retry-after", "Wed, 21 Oct 2026 07:00:00 GMT");
        assert_eq!(read(&[NOW, past]), Some(0));
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        let date = ("retry-after", "Wed, 21 Oct 2026 07:29:30 GMT");
        assert_eq!(read(&[date]), None);
        for value in ["", "-5", "soon", "1.5"] {
            assert_eq!(read(&[NOW, ("retry-after", value)]), None, "{value}");
        }
        assert_eq!(read(&[NOW]), None);
    }
}
