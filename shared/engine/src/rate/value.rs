//! A rate as definitions write it: `8/s`, `100/m`, `1000/h`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const UNITS: [(&str, Duration); 4] = [
    ("s", Duration::from_secs(1)),
    ("m", Duration::from_mins(1)),
    ("h", Duration::from_hours(1)),
    ("d", Duration::from_hours(24)),
];

/// The shortest time that a rate leaves for a call: clocks count in milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);

/// How much longer than its unit as many calls take as a rate allows. They leave at their moments,
/// but each is on its way for a time of its own, and a receiver counts when they arrive: its window
/// holds no more than the rate's calls while they are late by up to this much relative to one
/// another. Times on one network differ by a few milliseconds, and the rate loses 2% at most.
const MARGIN: Duration = Duration::from_millis(20);

/// A number of calls in a second, minute, hour or day, spread evenly over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    calls: u32,
    unit: &'static str,
    interval: Duration,
}

/// Why a text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a rate: write calls and their time, such as `8/s 100/m 1000/h`")]
pub struct InvalidRate {
    text: String,
}

impl Rate {
    /// The time from one call to the next.
    #[must_use]
    pub fn interval(self) -> Duration {
        self.interval
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| InvalidRate {
            text: text.to_owned(),
        })
    }
}

fn read(text: &str) -> Option<Rate> {
    let (calls, name) = text.split_once('/')?;
    let digits = calls.bytes().all(|byte| byte.is_ascii_digit());
    let calls: u32 = calls.parse().ok().filter(|calls| digits && *calls > 0)?;
    let (unit, time) = UNITS.into_iter().find(|(unit, _)| *unit == name)?;
    (spread(time, calls)? >= SHORTEST).then_some(Rate {
        calls,
        unit,
        interval: spread(time + MARGIN, calls)?,
    })
}

/// Rounded up: as many calls as are allowed never take less than their time.
fn spread(time: Duration, calls: u32) -> Option<Duration> {
    let nanos = time.as_nanos().div_ceil(u128::from(calls));
    Some(Duration::from_nanos(u64::try_from(nanos).ok()?))
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.calls, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(text: &str) -> Option<Duration> {
        let rate: Rate = text.parse().ok()?;
        assert_eq!(rate.to_string(), text);
        Some(rate.interval())
    }

    #[test]
    fn a_rate_is_calls_spread_over_a_time() {
        assert_eq!(interval("8/s"), Some(Duration::from_micros(127_500)));
        assert_eq!(interval("100/m"), Some(Duration::from_micros(600_200)));
        assert_eq!(interval("1000/h"), Some(Duration::from_micros(3_600_020)));
        assert_eq!(interval("1/d"), Some(Duration::from_hours(24) + MARGIN));
        assert_eq!(interval("1000/s"), Some(Duration::from_micros(1_020)));
    }

    #[test]
    fn as_many_calls_as_are_allowed_never_take_less_than_their_time() {
        let seventh = interval("7/s").unwrap();
        assert!(seventh * 7 >= Duration::from_secs(1) + MARGIN);
        assert_eq!(seventh, Duration::from_nanos(145_714_286));
    }

    #[test]
    fn anything_else_is_no_rate() {
        let wrong = [
            "8",
            "8/",
            "/s",
            "0/s",
            "-8/s",
            "+8/s",
            "8.5/s",
            "8/sec",
            "8 / s",
            "8/s ",
            "1001/s",
            "60001/m",
            "4294967296/d",
            "eight/s",
            "",
        ];
        for text in wrong {
            assert_eq!(interval(text), None, "{text}");
        }
        assert_eq!(
            "8/sec".parse::<Rate>().unwrap_err().to_string(),
            "`8/sec` is not a rate: write calls and their time, such as `8/s 100/m 1000/h`"
        );
    }
}
