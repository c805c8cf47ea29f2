//! Dates, times, spans of time and time zones.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZoneDatabase};

use super::text::nearest;
use super::violation::Fault;
use crate::expr::duration::Span;

pub(super) const DATE: &str = "a date such as 2026-11-20";
pub(super) const DATETIME: &str = "a time with an offset such as 2026-11-20T10:00:00Z";
pub(super) const DURATION: &str = "a duration such as 30s 5m 24h 7d 2w 6mo 1y";
pub(super) const TIMEZONE: &str = "a time zone such as Europe/Berlin";

/// A date that exists. A time is no date: which day it falls on depends on a time zone.
pub(super) fn date(text: &str) -> Result<String, Fault> {
    let shaped = has_shape(text.as_bytes(), b"0000-00-00");
    match text.parse::<civil::Date>() {
        Ok(date) if shaped => Ok(date.to_string()),
        _ if is_time(text) => {
            Err(Fault::format(DATE).hint("this is a time; take its day with `date(…)`"))
        }
        _ => Err(Fault::format(DATE)),
    }
}

/// RFC 3339, where a space or a lower-case `t` may stand for the `T`, stored in UTC. The offset
/// is required: a local time is nobody's point in time. A leap second counts as the second before
/// it; digits beyond nanoseconds are cut.
///
/// A zone in brackets may stand for the offset or beside it, `2026-11-20T10:00:00[Europe/Berlin]`:
/// a time that its clocks skip, or show twice, is nobody's point in time either.
pub(super) fn datetime(text: &str) -> Result<String, Fault> {
    if let Some((local, zone)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        return zoned(local, zone);
    }
    let Some(parts) = Parts::split(text) else {
        return Err(misshapen(text));
    };
    let time = parts.read().ok_or_else(|| Fault::format(DATETIME))?;
    let utc = time.to_string();
    // At the ends of the calendar the offset can lead out of the years that RFC 3339 can write.
    if !is_time(&utc) {
        return Err(Fault::format(DATETIME));
    }
    Ok(utc)
}

fn zoned(local: &str, name: &str) -> Result<String, Fault> {
    let zone = ZONES.get(name).map_err(|_| unknown_zone(name))?;
    if let Some(parts) = Parts::split(local) {
        let time = parts.read().ok_or_else(|| Fault::format(DATETIME))?;
        let agrees = parts
            .civil()
            .is_some_and(|civil| zone.to_datetime(time) == civil);
        let other = || Fault::format(DATETIME).hint(format!("{name} has another offset then"));
        return agrees.then(|| time.to_string()).ok_or_else(other);
    }
    let shaped = format!("{local}Z");
    let civil = Parts::split(&shaped).and_then(|parts| parts.civil());
    let time = zone.to_ambiguous_timestamp(civil.ok_or_else(|| Fault::format(DATETIME))?);
    let fault =
        |why: &str| Err(Fault::format(DATETIME).hint(format!("the clocks of {name} {why}")));
    match time.offset() {
        AmbiguousOffset::Gap { .. } => fault("skip this time"),
        AmbiguousOffset::Fold { .. } => fault("show this time twice; add its offset"),
        AmbiguousOffset::Unambiguous { .. } => time
            .unambiguous()
            .map(|time| time.to_string())
            .map_err(|_| Fault::format(DATETIME)),
    }
}

fn misshapen(text: &str) -> Fault {
    let fault = Fault::format(DATETIME);
    if is_time(&format!("{text}Z")) {
        return fault.hint("it has no offset; add `Z`, or such as `+01:00` or `[Europe/Berlin]`");
    }
    fault
}

fn is_time(text: &str) -> bool {
    Parts::split(text).is_some()
}

/// The parts of a text shaped like RFC 3339.
struct Parts<'a> {
    date: &'a str,
    hour_and_minute: &'a str,
    second: &'a str,
    fraction: &'a str,
    offset: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let (separator, rest) = rest.split_at_checked(1)?;
        let (hour_and_minute, rest) = rest.split_at_checked(5)?;
        let second = rest.get(1..3)?;
        let (clock, rest) = rest.split_at_checked(3)?;
        let (fraction, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-'])?);
        let shaped = has_shape(date.as_bytes(), b"0000-00-00")
            && matches!(separator, "T" | "t" | " ")
            && has_shape(hour_and_minute.as_bytes(), b"00:00")
            && has_shape(clock.as_bytes(), b":00")
            && is_fraction(fraction)
            && is_offset(offset);
        shaped.then_some(Self {
            date,
            hour_and_minute,
            second,
            fraction,
            offset,
        })
    }

    /// What clocks show, without a leap second: no zone has rules for one.
    fn civil(&self) -> Option<civil::DateTime> {
        let Self {
            date,
            hour_and_minute,
            second,
            fraction,
            ..
        } = self;
        let fraction = fraction.get(..10).unwrap_or(fraction);
        let text = format!("{date}T{hour_and_minute}:{second}{fraction}");
        (*second != "60").then(|| text.parse().ok())?
    }

    fn read(&self) -> Option<Timestamp> {
        let leap = self.second == "60";
        let second = if leap { "59" } else { self.second };
        let fraction = self.fraction.get(..10).unwrap_or(self.fraction);
        let (date, clock, offset) = (self.date, self.hour_and_minute, self.offset);
        let text = format!("{date}T{clock}:{second}{fraction}{offset}");
        let time: Timestamp = text.parse().ok()?;
        // Leap seconds end a UTC day.
        (!leap || time.as_second().rem_euclid(86_400) == 86_399).then_some(time)
    }
}

/// Whether each digit stands where the shape has `0`, and all else is equal.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, wanted): (&u8, &u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        _ => byte == wanted,
    };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

fn is_fraction(text: &str) -> bool {
    let digits = text.strip_prefix('.');
    text.is_empty()
        || digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
}

fn is_offset(text: &str) -> bool {
    let below = |text: &str, limit| text.parse::<u8>().is_ok_and(|number| number < limit);
    match text.split_at_checked(1) {
        Some(("Z" | "z", "")) => true,
        Some(("+" | "-", clock)) if has_shape(clock.as_bytes(), b"00:00") => clock
            .split_once(':')
            .is_some_and(|(hour, minute)| below(hour, 24) && below(minute, 60)),
        _ => false,
    }
}

/// A span, in its largest whole unit: `24h` is `1d`.
pub(super) fn duration(text: &str) -> Result<String, Fault> {
    let span: Span = text.parse().map_err(|_| Fault::format(DURATION))?;
    Ok(span.to_string())
}

/// The zones that we ship, whatever the machine has.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// An IANA name in its own spelling.
pub(super) fn timezone(text: &str) -> Result<String, Fault> {
    let zone = ZONES.get(text).ok();
    match zone.as_ref().and_then(jiff::tz::TimeZone::iana_name) {
        Some(name) => Ok(name.to_owned()),
        None => Err(unknown_zone(text)),
    }
}

fn unknown_zone(text: &str) -> Fault {
    let names: Vec<String> = ZONES.available().map(|name| name.to_string()).collect();
    let hint = nearest(text, names.iter().map(String::as_str));
    Fault {
        hint,
        ..Fault::format(TIMEZONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_stored_in_utc() {
        for (text, stored) in [
            ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
            ("2026-11-20 10:00:00Z", "2026-11-20T10:00:00Z"),
            ("2026-11-20t10:00:00.500+01:00", "2026-11-20T09:00:00.5Z"),
            ("2026-11-20T10:00:00-00:00", "2026-11-20T10:00:00Z"),
            ("2020-12-22T18:15:56.000000Z", "2020-12-22T18:15:56Z"),
            ("1998-12-31T15:59:60-08:00", "1998-12-31T23:59:59Z"),
            (
                "1985-04-12T00:59:59.9999999999999Z",
                "1985-04-12T00:59:59.999999999Z",
            ),
        ] {
            assert_eq!(datetime(text), Ok(stored.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_point_in_time_is_refused() {
        for text in [
            "",
            "2026-11-20",
            "2026-02-30T10:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T10:00Z",
            "2026-11-20T10:00:00+01",
            "2026-11-20T10:00:00+24:00",
            "2026-11-20T10:00:60Z",
            "2026-11-20T10:00:00.Z",
            "0000-01-01T00:00:00+01:00",
            "2026-11-20T10:00:00Z ",
            "２026-11-20T10:00:00Z",
            "1700000000",
        ] {
            assert!(datetime(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_zone_may_stand_for_the_offset() {
        for (text, stored) in [
            ("2026-11-20T10:00:00[Europe/Berlin]", "2026-11-20T09:00:00Z"),
            (
                "2026-07-20 10:00:00.25[europe/berlin]",
                "2026-07-20T08:00:00.25Z",
            ),
            (
                "2026-11-01T01:30:00-05:00[America/New_York]",
                "2026-11-01T06:30:00Z",
            ),
            (
                "2026-03-08T03:00:00[America/New_York]",
                "2026-03-08T07:00:00Z",
            ),
        ] {
            assert_eq!(datetime(text), Ok(stored.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_local_time_that_clocks_skip_or_show_twice_is_refused_with_the_reason() {
        for (text, hint) in [
            ("2026-03-08T02:30:00[America/New_York]", "skip this time"),
            ("2026-11-01T01:30:00[America/New_York]", "twice"),
            ("2026-11-20T10:00:00+02:00[Europe/Berlin]", "another offset"),
            ("2026-11-20T10:00:00[Europe/Berln]", "`Europe/Berlin`"),
        ] {
            let fault = datetime(text).unwrap_err();
            assert!(
                fault.hint.as_ref().is_some_and(|it| it.contains(hint)),
                "{fault:?}"
            );
        }
        for text in [
            "2026-02-30T10:00:00[Europe/Berlin]",
            "2026-11-20[Europe/Berlin]",
            "2026-11-20T10:00[Europe/Berlin]",
            "2026-12-31T23:59:60[Europe/Berlin]",
            "2026-11-20T10:00:00[Europe/Berlin][u-ca=iso8601]",
            "2026-11-20T10:00:00Z[]",
            "[Europe/Berlin]",
        ] {
            assert!(datetime(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_local_time_gets_a_hint() {
        let fault = datetime("2026-11-20T10:00:00").unwrap_err();
        assert!(fault.hint.unwrap().contains("no offset"));
        let fault = date("2026-11-20T10:00:00Z").unwrap_err();
        assert!(fault.hint.unwrap().contains("date("));
    }

    #[test]
    fn zones_take_their_own_spelling() {
        assert_eq!(
            timezone("america/new_york"),
            Ok("America/New_York".to_owned())
        );
        let hint = timezone("Europe/Berln").unwrap_err().hint;
        assert_eq!(hint.as_deref(), Some("did you mean `Europe/Berlin`?"));
        assert!(timezone("").is_err());
    }
}
