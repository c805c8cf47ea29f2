//! Times as people say them: how long ago, how long until, and since when.

use std::str::FromStr;

use holdfast_engine::expr::duration::Span;
use jiff::{SignedDuration, Timestamp};

/// A length of time in its largest unit: `12s`, `5m`, `3h`, `4d`.
pub(crate) fn short(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long ago something was.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    short(now.duration_since(at))
}

/// How long there is until something is due, or since when it is overdue.
pub(crate) fn until(due: Timestamp, now: Timestamp) -> String {
    if due < now {
        format!("overdue by {}", ago(due, now))
    } else {
        format!("in {}", short(due.duration_since(now)))
    }
}

/// The earliest time that is asked for: a time, or how long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// A time.
    At(Timestamp),
    /// So long ago.
    Ago(SignedDuration),
}

impl Since {
    /// The time.
    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(length) => now.saturating_sub(length).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        match text.parse() {
            Ok(Span::Exact(length)) if length >= SignedDuration::ZERO => Ok(Self::Ago(length)),
            _ => Err(
                "write how long ago, such as 90m, 24h, 7d, or a time, such as 2026-11-20T08:00:00Z"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_said_in_its_largest_unit() {
        let said = [0, 59, 60, 3_599, 3_600, 172_799, 172_800, 864_000]
            .map(|seconds| short(SignedDuration::from_secs(seconds)));
        assert_eq!(said, ["0s", "59s", "1m", "59m", "1h", "47h", "2d", "10d"]);
        assert_eq!(short(SignedDuration::from_secs(-5)), "0s");
    }

    #[test]
    fn since_is_a_time_or_how_long_ago() {
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let since = |text: &str| text.parse::<Since>().map(|since| since.before(now));
        let eight: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        assert_eq!(since("2h"), Ok(eight));
        assert_eq!(since("2026-11-20T08:00:00Z"), Ok(eight));
        for text in ["yesterday", "-2h", "2mo", "2"] {
            assert!(since(text).unwrap_err().contains("24h"), "{text}");
        }
    }

    #[test]
    fn what_is_due_says_whether_it_is_late() {
        let now = Timestamp::from_second(7_200).unwrap();
        assert_eq!(until(Timestamp::from_second(9_000).unwrap(), now), "in 30m");
        assert_eq!(until(Timestamp::UNIX_EPOCH, now), "overdue by 2h");
    }
}
