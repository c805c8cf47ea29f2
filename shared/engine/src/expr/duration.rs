//! Spans of time as definitions write them: `30s 5m 24h 7d 2w 6mo 1y`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::EvaluationError;

const UNITS: [(&str, i64); 5] = [
    ("w", 604_800),
    ("d", 86_400),
    ("h", 3_600),
    ("m", 60),
    ("s", 1),
];

const DAY_NANOS: i128 = 86_400_000_000_000;

/// A span of time: exact, or whole calendar months that only a date makes exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// Seconds to weeks; a day is 24 hours.
    Exact(SignedDuration),
    /// Calendar months; a year is 12.
    Months(i32),
}

/// Why a text is not a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a duration: write a whole number and a unit, such as `30s 5m 24h 7d 2w 6mo 1y`"
)]
pub struct InvalidSpan {
    text: String,
}

impl Span {
    /// The length, if it is not negative and needs no calendar.
    #[must_use]
    pub fn exact(self) -> Option<std::time::Duration> {
        match self {
            Self::Exact(length) => length.try_into().ok(),
            Self::Months(_) => None,
        }
    }

    /// Whether it leads forward in time.
    #[must_use]
    pub fn is_positive(self) -> bool {
        match self {
            Self::Exact(length) => length.is_positive(),
            Self::Months(months) => months > 0,
        }
    }

    /// The time this much later; months are counted on the calendar of `tz`.
    ///
    /// # Errors
    /// [`EvaluationError::Domain`] when the result is out of the range of times.
    pub fn add_to(self, time: Timestamp, tz: &TimeZone) -> Result<Timestamp, EvaluationError> {
        match self {
            Self::Exact(length) => time.checked_add(length),
            Self::Months(months) => time
                .to_zoned(tz.clone())
                .checked_add(jiff::Span::new().months(months))
                .map(|later| later.timestamp()),
        }
        .map_err(|_| EvaluationError::Domain(format!("{time} plus {self} is out of range")))
    }

    /// The date this much later; the span must be of whole days.
    ///
    /// # Errors
    /// [`EvaluationError::Domain`] for parts of a day, and out of the range of dates.
    pub fn add_to_date(self, date: Date) -> Result<Date, EvaluationError> {
        let days = match self {
            Self::Months(months) => Some(jiff::Span::new().months(months)),
            Self::Exact(length) if length.as_nanos() % DAY_NANOS == 0 => {
                jiff::Span::new().try_days(length.as_hours() / 24).ok()
            }
            Self::Exact(_) => None,
        };
        days.and_then(|days| date.checked_add(days).ok())
            .ok_or_else(|| EvaluationError::Domain(format!("{date} plus {self} is no date")))
    }

    /// The sum of two spans of one sort.
    ///
    /// # Errors
    /// [`EvaluationError::Domain`] when calendar months meet an exact span, or it overflows.
    pub fn plus(self, other: Self) -> Result<Self, EvaluationError> {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => a.checked_add(b).map(Self::Exact),
            (Self::Months(a), Self::Months(b)) => a
                .checked_add(b)
                .filter(|sum| (-MAX_MONTHS..=MAX_MONTHS).contains(sum))
                .map(Self::Months),
            _ => None,
        }
        .ok_or_else(|| EvaluationError::Domain(format!("{self} plus {other} is no duration")))
    }

    /// The same span backwards.
    ///
    /// # Errors
    /// [`EvaluationError::Domain`] when the opposite has no representation.
    pub fn negated(self) -> Result<Self, EvaluationError> {
        match self {
            Self::Exact(length) => length.checked_neg().map(Self::Exact),
            Self::Months(months) => months.checked_neg().map(Self::Months),
        }
        .ok_or_else(|| EvaluationError::Domain(format!("{self} has no opposite")))
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        read(text).ok_or_else(|| InvalidSpan {
            text: text.to_owned(),
        })
    }
}

/// The widest jiff span of months; longer ones cannot be added to any time.
const MAX_MONTHS: i32 = 239_976;

fn read(text: &str) -> Option<Span> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let digits = number.strip_prefix('-').unwrap_or(number);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match unit {
        "mo" => months(number, 1),
        "y" => months(number, 12),
        "s" if number.contains('.') => fraction(number),
        _ => {
            let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
            let count: i64 = number.parse().ok()?;
            Some(Span::Exact(SignedDuration::from_secs(
                count.checked_mul(*seconds)?,
            )))
        }
    }
}

fn months(number: &str, each: i32) -> Option<Span> {
    let count = number.parse::<i32>().ok()?.checked_mul(each)?;
    (count.abs() <= MAX_MONTHS).then_some(Span::Months(count))
}

fn fraction(number: &str) -> Option<Span> {
    let (whole, part) = number.split_once('.')?;
    let digits = part.len();
    if digits == 0 || digits > 9 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{part:0<9}").parse::<i32>().ok()?;
    let seconds = whole.parse::<i64>().ok()?;
    let nanos = if whole.starts_with('-') {
        -nanos
    } else {
        nanos
    };
    Some(Span::Exact(SignedDuration::new(seconds, nanos)))
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Months(months) if months % 12 == 0 && *months != 0 => {
                write!(f, "{}y", months / 12)
            }
            Self::Months(months) => write!(f, "{months}mo"),
            Self::Exact(length) if length.subsec_nanos() != 0 => write_fraction(*length, f),
            Self::Exact(length) => write_whole(length.as_secs(), f),
        }
    }
}

fn write_whole(seconds: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let largest = UNITS
        .iter()
        .find(|(_, each)| seconds != 0 && seconds % each == 0);
    let (unit, each) = largest.copied().unwrap_or(("s", 1));
    write!(f, "{}{unit}", seconds / each)
}

fn write_fraction(length: SignedDuration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let sign = if length.is_negative() { "-" } else { "" };
    let nanos = format!("{:09}", length.subsec_nanos().unsigned_abs());
    let seconds = length.as_secs().unsigned_abs();
    write!(f, "{sign}{seconds}.{}s", nanos.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(text: &str) -> Span {
        text.parse().unwrap()
    }

    #[test]
    fn a_span_prints_in_its_largest_whole_unit() {
        for (text, printed) in [
            ("30s", "30s"),
            ("300s", "5m"),
            ("24h", "1d"),
            ("7d", "1w"),
            ("90m", "90m"),
            ("12mo", "1y"),
            ("18mo", "18mo"),
            ("-2d", "-2d"),
            ("0s", "0s"),
            ("1.50s", "1.5s"),
            ("-0.25s", "-0.25s"),
        ] {
            assert_eq!(span(text).to_string(), printed);
        }
    }

    #[test]
    fn a_text_without_a_number_and_a_known_unit_is_no_span() {
        for text in [
            "",
            "5",
            "m",
            "5 m",
            "5min",
            "1h30m",
            "--1s",
            "+1s",
            "1.5h",
            "9999999999999999999s",
            "999999y",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_month_after_the_last_of_january_is_the_last_of_february_at_the_same_local_hour() {
        let tz = TimeZone::get("America/New_York").unwrap();
        let time: Timestamp = "2026-01-31T15:00:00Z".parse().unwrap();
        let later = span("1mo").add_to(time, &tz).unwrap();
        assert_eq!(later.to_string(), "2026-02-28T15:00:00Z");
        let summer = span("5mo").add_to(time, &tz).unwrap();
        assert_eq!(summer.to_string(), "2026-06-30T14:00:00Z");
    }

    #[test]
    fn months_have_no_exact_length() {
        assert_eq!(span("1mo").exact(), None);
        assert_eq!(
            span("1d").exact(),
            Some(std::time::Duration::from_hours(24))
        );
        assert_eq!(span("-1d").exact(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC*") {
            let _ = text.parse::<Span>();
        }

        #[test]
        fn a_printed_span_reads_back_the_same(seconds in any::<i64>(), nanos in -999_999_999..999_999_999_i32) {
            let nanos = if (seconds < 0) == (nanos < 0) { nanos } else { 0 };
            let exact = Span::Exact(SignedDuration::new(seconds, nanos));
            prop_assert_eq!(exact.to_string().parse::<Span>().unwrap(), exact);
        }
    }
}
