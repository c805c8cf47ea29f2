//! Opening hours: when a connection may be called and a step may be performed.

mod range;

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

use crate::contract::time_zone;

pub use range::{InvalidRange, Range, days};

/// The days that are searched for an opening.
const DAYS_AHEAD: usize = 400;

/// How often hours that must all be open are asked in turn: they may never be.
const MAX_ROUNDS: usize = 1_000;

/// The zone that hours are meant in.
#[derive(Debug, Clone, PartialEq)]
pub enum Zone {
    /// This one.
    Named(TimeZone),
    /// The tenant's setting of this name; where it is unset, the setting `tz`.
    Setting(String),
}

/// Hours of the week, but for holidays.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    /// What `hours:` calls them.
    pub name: String,
    /// The zone that they are meant in.
    pub zone: Zone,
    /// The ranges of each day, from Monday.
    pub week: [Vec<Range>; 7],
    /// The days on which nothing is open, whatever the week says.
    pub holidays: BTreeSet<Date>,
}

/// A time from one moment to another, without the latter.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

/// The first moment from this one on at which all of these hours are open, which is this one where
/// they are; `None`: not within a year.
#[must_use]
pub fn opening(all: &[&Hours], from: Timestamp, config: &Map<String, Json>) -> Option<Timestamp> {
    let mut at = from;
    for _ in 0..MAX_ROUNDS {
        let mut each = all.iter();
        let next = each.try_fold(at, |at, hours| hours.opening(at, config))?;
        if next == at {
            return Some(at);
        }
        at = next;
    }
    None
}

impl Hours {
    /// The first moment from this one on at which they are open.
    fn opening(&self, from: Timestamp, config: &Map<String, Json>) -> Option<Timestamp> {
        let zone = self.zone(config);
        let yesterday = zone.to_datetime(from).date().yesterday().ok()?;
        let days = std::iter::successors(Some(yesterday), |day| day.tomorrow().ok());
        let mut spans = days
            .take(DAYS_AHEAD)
            .flat_map(|day| self.spans(day, &zone))
            .filter(|span| from < span.to);
        spans.next().map(|span| span.from.max(from))
    }

    fn zone(&self, config: &Map<String, Json>) -> TimeZone {
        match &self.zone {
            Zone::Named(zone) => zone.clone(),
            Zone::Setting(name) => {
                let set = config.get(name).and_then(Json::as_str);
                let zone = set.and_then(|name| TimeZone::get(name).ok());
                zone.unwrap_or_else(|| time_zone(config))
            }
        }
    }

    /// When it is open in what begins on a day: on a holiday nothing begins, and what goes on over
    /// midnight ends before one.
    fn spans(&self, day: Date, zone: &TimeZone) -> Vec<Span> {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default();
        let ranges = self.week.get(weekday).map_or(&[][..], Vec::as_slice);
        if self.holidays.contains(&day) {
            return Vec::new();
        }
        let next = day.tomorrow().ok();
        let ends = next.is_some_and(|next| self.holidays.contains(&next));
        let spans = ranges.iter().filter_map(|range| {
            let to = if ends { range.within_day() } else { range.to };
            let (from, to) = (at(day, range.from, zone)?, at(day, to, zone)?);
            (from < to).then_some(Span { from, to })
        });
        spans.collect()
    }
}

/// The moment at which clocks show so many minutes after a day began. What they skip is as much
/// later; what they show twice is the first of it.
fn at(day: Date, minutes: u16, zone: &TimeZone) -> Option<Timestamp> {
    let shown = day
        .at(0, 0, 0, 0)
        .checked_add(SignedDuration::from_mins(minutes.into()))
        .ok()?;
    Some(shown.to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests;
