//! When a receiver asks to be called again.

use std::collections::BTreeMap;
use std::time::Duration;

use holdfast_engine::retry::MAX_DELAY;
use jiff::Timestamp;

/// Reads `Retry-After` as RFC 9110 has it: seconds, or an HTTP date in any of its three forms. At
/// most [`MAX_DELAY`]; what has passed asks for nothing but the ladder's own delay.
///
/// A date is compared with the receiver's own `Date`, so that no clock but its own matters;
/// without one it is counted from `now`. Headers' names are in lower case.
pub(crate) fn retry_after(headers: &BTreeMap<String, String>, now: Timestamp) -> Option<Duration> {
    let value = headers.get("retry-after")?.trim();
    let wait = seconds(value).or_else(|| {
        let sent = headers.get("date").and_then(|date| http_date(date));
        let wait = http_date(value)?.duration_since(sent.unwrap_or(now));
        Some(wait.try_into().unwrap_or(Duration::ZERO))
    });
    wait.map(|wait| wait.min(MAX_DELAY))
}

/// Whole seconds; more than can be counted are many, less than none are none.
fn seconds(value: &str) -> Option<Duration> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if digits.len() < value.len() {
        return Some(Duration::ZERO);
    }
    Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    // The end of the year 9999 is beyond the last time there is.
    Some(Timestamp::try_from(time).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Option<u64> {
        let headers = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let now = "2026-10-21T07:28:00Z".parse().unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    const LATER: (&str, &str) = ("retry-after", "Wed, 21 Oct 2026 07:29:30 GMT");

    #[test]
    fn seconds_are_read_as_they_are() {
        for (value, expected) in [("120", 120), (" 0 ", 0), ("-5", 0)] {
            assert_eq!(read(&[("retry-after", value)]), Some(expected), "{value}");
        }
    }

    #[test]
    fn a_date_is_counted_from_the_receivers_own() {
        let date = ("date", "Wed, 21 Oct 2026 07:29:00 GMT");
        assert_eq!(read(&[date, LATER]), Some(30));
        let past = ("retry-after", "Wed, 21 Oct 2026 07:00:00 GMT");
        assert_eq!(read(&[date, past]), Some(0));
    }

    #[test]
    fn a_date_of_a_receiver_without_a_clock_is_counted_from_ours() {
        assert_eq!(read(&[LATER]), Some(90));
        assert_eq!(read(&[("date", "yesterday"), LATER]), Some(90));
    }

    #[test]
    fn the_forms_of_a_date_that_the_standard_keeps_are_read_too() {
        for date in [
            "Wednesday, 21-Oct-26 07:29:30 GMT",
            "Wed Oct 21 07:29:30 2026",
        ] {
            assert_eq!(read(&[("retry-after", date)]), Some(90), "{date}");
        }
    }

    #[test]
    fn no_wait_is_longer_than_a_ladder_may_wait() {
        let longest = Some(MAX_DELAY.as_secs());
        for value in [
            "39601",
            "99999999999999999999999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            assert_eq!(read(&[("retry-after", value)]), longest, "{value}");
        }
        assert_eq!(read(&[("retry-after", "39599")]), Some(39_599));
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for value in ["", "-", "soon", "1.5", "+5", "5 s", "2026-10-21T07:29:30Z"] {
            assert_eq!(read(&[("retry-after", value)]), None, "{value}");
        }
        assert_eq!(read(&[("date", LATER.1)]), None);
    }

    proptest! {
        #[test]
        fn whatever_a_receiver_says_is_bounded(value in "\\PC{0,40}", date in "\\PC{0,40}") {
            let wait = read(&[("retry-after", &value), ("date", &date)]);
            prop_assert!(wait.unwrap_or_default() <= MAX_DELAY.as_secs());
        }
    }
}
