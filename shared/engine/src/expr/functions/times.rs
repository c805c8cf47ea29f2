//! Functions of dates and times; without a zone they use the tenant's.

use std::borrow::Cow;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use super::{Arguments, Function, Moment, Param, Result, Returns, domain, function};
use crate::expr::value::Value;
use crate::expr::{EvaluationError, Type};

/// The farthest that business days are counted.
const MAX_BUSINESS_DAYS: i64 = 10_000;

const TIME: (&str, Param) = ("time", Param::Time);
const DAY: (&str, Param) = ("day", Param::Day);
const ZONE: (&str, Param) = ("zone", Param::Text);

pub(super) static TABLE: [Function; 11] = [
    function(
        "date",
        &[("value", Param::Single)],
        Returns::Is(Type::Date),
        date,
    ),
    function(
        "local",
        &[DAY, ("format", Param::Text)],
        Returns::Is(Type::String),
        local,
    ),
    function(
        "at_time",
        &[DAY, ("clock", Param::Text)],
        Returns::Is(Type::Time),
        at_time,
    ),
    function(
        "business_days",
        &[DAY, ("count", Param::Int)],
        Returns::First,
        business_days,
    )
    .costly(100),
    accessor("getFullYear", &[DAY, ZONE], year),
    accessor("getMonth", &[DAY, ZONE], month),
    accessor("getDate", &[DAY, ZONE], day),
    accessor("getDayOfWeek", &[DAY, ZONE], weekday),
    accessor("getHours", &[TIME, ZONE], hours),
    accessor("getMinutes", &[TIME, ZONE], minutes),
    accessor("getSeconds", &[TIME, ZONE], seconds),
];

const fn accessor(
    name: &'static str,
    params: &'static [(&'static str, Param)],
    body: super::Body,
) -> Function {
    function(name, params, Returns::Is(Type::Int), body).optional(1)
}

fn year<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    part(moment, arguments, |at| at.year().into())
}

/// From 0, as CEL counts months.
fn month<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    part(moment, arguments, |at| i64::from(at.month()) - 1)
}

fn day<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    part(moment, arguments, |at| at.day().into())
}

/// From 0 for Sunday.
fn weekday<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    part(moment, arguments, |at| {
        at.weekday().to_sunday_zero_offset().into()
    })
}

fn hours<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    part(moment, arguments, |at| at.hour().into())
}

fn minutes<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    part(moment, arguments, |at| at.minute().into())
}

fn seconds<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    part(moment, arguments, |at| at.second().into())
}

fn part<'a>(
    moment: Moment<'_>,
    arguments: &mut Arguments<'a>,
    read: fn(&Zoned) -> i64,
) -> Result<'a> {
    let day = arguments.next();
    let zone = match arguments.next() {
        Value::Unset(_) => moment.tz.clone(),
        Value::Text(name) => {
            TimeZone::get(&name).map_err(|_| domain(format!("`{name}` is no time zone")))?
        }
        other => return Err(other.mismatch("text")),
    };
    Ok(Value::Int(read(&zoned(day, &zone)?)))
}

/// A time on the clock of a zone; a date at its midnight.
fn zoned(day: Value<'_>, zone: &TimeZone) -> std::result::Result<Zoned, EvaluationError> {
    match day {
        Value::Time(time) => Ok(time.to_zoned(zone.clone())),
        Value::Date(date) => date
            .to_zoned(zone.clone())
            .map_err(|_| domain(format!("{date} is out of the range of times"))),
        other => Err(other.mismatch("a time or a date")),
    }
}

/// The date of a time in the tenant's zone, or of a text such as `2026-11-20`.
fn date<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    match arguments.next() {
        Value::Text(text) => text
            .trim()
            .parse()
            .map(Value::Date)
            .map_err(|_| domain(format!("`{text}` is no date"))),
        day => Ok(Value::Date(zoned(day, moment.tz)?.date())),
    }
}

/// The time as text, by a `strftime` format such as `%A %H:%M`.
fn local<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let at = zoned(arguments.next(), moment.tz)?;
    let format = arguments.text()?;
    jiff::fmt::strtime::format(&*format, &at)
        .map(|text| Value::Text(Cow::Owned(text)))
        .map_err(|_| domain(format!("`{format}` is no format of times")))
}

/// The same day at a time of the tenant's clock: `10:00`.
fn at_time<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let date = zoned(arguments.next(), moment.tz)?.date();
    let clock = arguments.text()?;
    let time: Time = clock
        .parse()
        .map_err(|_| domain(format!("`{clock}` is no time of day")))?;
    let at = date.to_datetime(time).to_zoned(moment.tz.clone());
    at.map(|at| Value::Time(at.timestamp()))
        .map_err(|_| domain(format!("{date} is out of the range of times")))
}

/// So many working days later (or earlier), at the same time of day; weekends are passed over.
fn business_days<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let day = arguments.next();
    let count = arguments.int()?;
    if count.abs() > MAX_BUSINESS_DAYS {
        return Err(domain(format!("{count} business days are too many")));
    }
    match day {
        Value::Date(date) => Ok(Value::Date(counted(date, count)?)),
        day => {
            let start = zoned(day, moment.tz)?;
            let end = counted(start.date(), count)?.to_datetime(start.time());
            let end = end.to_zoned(moment.tz.clone()).map_err(|_| beyond())?;
            Ok(Value::Time(end.timestamp()))
        }
    }
}

fn counted(start: Date, count: i64) -> std::result::Result<Date, EvaluationError> {
    let mut date = start;
    let mut left = count.abs();
    while left > 0 {
        date = date
            .checked_add(count.signum().days())
            .map_err(|_| beyond())?;
        if !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    Ok(date)
}

fn beyond() -> EvaluationError {
    domain("the day is out of the range of dates")
}
