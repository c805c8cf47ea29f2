//! How old a signature may be, in whole seconds.

use std::time::Duration;

use jiff::Timestamp;

use super::Rejection;

/// What a scheme's documentation says about a time of signing in the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Future {
    /// Any time in the future is fresh.
    Accepted,
    /// As far off as the past may be.
    SameTolerance,
}

/// Reads Unix seconds: digits alone, as every scheme sends them.
pub(super) fn seconds(text: &str) -> Result<i64, Rejection> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Rejection::BadTimestamp);
    }
    text.parse().map_err(|_| Rejection::BadTimestamp)
}

/// Checks the time of signing; exactly `tolerance` away is still fresh.
pub(super) fn check(
    signed_at: i64,
    now: Timestamp,
    tolerance: Duration,
    future: Future,
) -> Result<(), Rejection> {
    let tolerance = i128::from(tolerance.as_secs());
    let age = i128::from(now.as_second()) - i128::from(signed_at);
    if age > tolerance {
        return Err(Rejection::Stale);
    }
    if future == Future::SameTolerance && -age > tolerance {
        return Err(Rejection::Early);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(signed_at: i64, future: Future) -> Result<(), Rejection> {
        let now = Timestamp::from_second(1000).unwrap();
        check(signed_at, now, Duration::from_mins(5), future)
    }

    #[test]
    fn the_tolerance_itself_is_fresh_and_one_second_more_is_not() {
        assert_eq!(at(700, Future::SameTolerance), Ok(()));
        assert_eq!(at(699, Future::SameTolerance), Err(Rejection::Stale));
        assert_eq!(at(1300, Future::SameTolerance), Ok(()));
        assert_eq!(at(1301, Future::SameTolerance), Err(Rejection::Early));
    }

    #[test]
    fn where_only_the_past_counts_the_future_is_fresh() {
        assert_eq!(at(i64::MAX, Future::Accepted), Ok(()));
        assert_eq!(at(699, Future::Accepted), Err(Rejection::Stale));
    }

    #[test]
    fn seconds_are_digits_alone() {
        assert_eq!(seconds("1614265330"), Ok(1_614_265_330));
        for text in ["", "1.0", "+1", "-1", " 1", "1e3", "99999999999999999999"] {
            assert_eq!(seconds(text), Err(Rejection::BadTimestamp), "{text:?}");
        }
    }
}
