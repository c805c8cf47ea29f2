//! Days and ranges of hours as definitions write them: `mon-fri`, `08:00-18:00`.

use std::str::FromStr;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The minutes of a day.
const DAY: u16 = 24 * 60;

/// A part of a day, in minutes after midnight; one that ends on the next day ends after 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The first minute.
    pub from: u16,
    /// The minute after the last one.
    pub to: u16,
}

/// Why a text is not a range of hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a range of hours, such as `08:00-18:00`")]
pub struct InvalidRange {
    text: String,
}

impl Range {
    /// Its end, or that of the day.
    pub(super) fn within_day(self) -> u16 {
        self.to.min(DAY)
    }
}

impl FromStr for Range {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| InvalidRange {
            text: text.to_owned(),
        })
    }
}

fn read(text: &str) -> Option<Range> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minutes(from)?, minutes(to)?);
    if from == to || from == DAY {
        return None;
    }
    let to = if from < to { to } else { to + DAY };
    Some(Range { from, to })
}

/// `HH:MM` in minutes, to `24:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let sum = hours * 60 + minutes;
    (minutes < 60 && sum <= DAY).then_some(sum)
}

/// The days that `sat` or `mon-fri` names, from 0 for Monday; `None`: they are none.
#[must_use]
pub fn days(text: &str) -> Option<Vec<usize>> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let Some((first, last)) = text.split_once('-') else {
        return Some(vec![day(text)?]);
    };
    let (first, last) = (day(first)?, day(last)?);
    let count = (last + DAYS.len() - first) % DAYS.len();
    Some((0..=count).map(|n| (first + n) % DAYS.len()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_on_the_next_day_where_it_ends_before_it_begins() {
        let range = |text: &str| text.parse::<Range>().ok().map(|it| (it.from, it.to));
        assert_eq!(range("08:00-18:30"), Some((480, 1_110)));
        assert_eq!(range("00:00-24:00"), Some((0, DAY)));
        assert_eq!(range("22:00-06:00"), Some((1_320, DAY + 360)));
        assert_eq!(range("22:00-00:00"), Some((1_320, DAY)));
        for wrong in [
            "",
            "08:00",
            "8:00-18:00",
            "08:00-08:00",
            "08:00 - 18:00",
            "08:60-18:00",
            "08:00-24:01",
            "24:00-08:00",
            "+8:00-18:00",
            "08:00-18:00-20:00",
            "08-18",
        ] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_go_over_the_end_of_the_week() {
        assert_eq!(days("wed"), Some(vec![2]));
        assert_eq!(days("mon-fri"), Some(vec![0, 1, 2, 3, 4]));
        assert_eq!(days("sat-mon"), Some(vec![5, 6, 0]));
        assert_eq!(days("tue-tue"), Some(vec![1]));
        for wrong in ["", "monday", "Mon", "mon-", "mon,tue", "mon - fri"] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }
}
