//! Conversions between types, each by the text of the normal form.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Arguments, Function, Moment, Param, Result, Returns, domain, function};
use crate::expr::Type;
use crate::expr::value::Value;

pub(super) static TABLE: [Function; 7] = [
    function(
        "string",
        &[("value", Param::Single)],
        Returns::Is(Type::String),
        string,
    ),
    function(
        "int",
        &[("value", Param::Single)],
        Returns::Is(Type::Int),
        int,
    ),
    function(
        "double",
        &[("value", Param::Single)],
        Returns::Is(Type::Double),
        double,
    ),
    function(
        "decimal",
        &[("value", Param::Single)],
        Returns::Is(Type::Decimal),
        decimal,
    ),
    function(
        "bool",
        &[("value", Param::Single)],
        Returns::Is(Type::Bool),
        boolean,
    ),
    function(
        "timestamp",
        &[("value", Param::Single)],
        Returns::Is(Type::Time),
        timestamp,
    ),
    function(
        "duration",
        &[("value", Param::Single)],
        Returns::Is(Type::Duration),
        duration,
    ),
];

fn string<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    arguments.next().into_text().map(Value::Text)
}

/// Fractions are cut off; a time becomes its seconds since 1970.
fn int<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let value = arguments.next();
    let read = match &value {
        Value::Int(value) => Some(*value),
        Value::Double(value) => value.trunc().to_i64(),
        Value::Decimal(value) => value.trunc().to_i64(),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Time(time) => Some(time.as_second()),
        Value::Bool(value) => Some(i64::from(*value)),
        other => return Err(other.mismatch("convertible to an integer")),
    };
    read.map(Value::Int)
        .ok_or_else(|| unreadable(value, "an integer"))
}

fn double<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let value = arguments.next();
    let read = match &value {
        Value::Int(value) => value.to_f64(),
        Value::Double(value) => Some(*value),
        Value::Decimal(value) => value.to_f64(),
        Value::Text(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite()),
        other => return Err(other.mismatch("convertible to a float")),
    };
    read.map(Value::Double)
        .ok_or_else(|| unreadable(value, "a float"))
}

/// A float becomes the shortest decimal that names it, which is how JSON wrote it.
fn decimal<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let value = arguments.next();
    let read = match &value {
        Value::Int(value) => Some(Decimal::from(*value)),
        Value::Decimal(value) => Some(*value),
        Value::Double(value) => value.to_string().parse().ok(),
        Value::Text(text) => text.trim().parse().ok(),
        other => return Err(other.mismatch("convertible to a decimal")),
    };
    read.map(Value::Decimal)
        .ok_or_else(|| unreadable(value, "a decimal"))
}

fn boolean<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let value = arguments.next();
    let read = match &value {
        Value::Bool(value) => Some(*value),
        Value::Text(text) => text.trim().parse().ok(),
        other => return Err(other.mismatch("convertible to a boolean")),
    };
    read.map(Value::Bool)
        .ok_or_else(|| unreadable(value, "a boolean"))
}

/// RFC 3339 text, or seconds since 1970 as Stripe and Slack send them.
fn timestamp<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let value = arguments.next();
    let read = match &value {
        Value::Time(time) => Some(*time),
        Value::Int(seconds) => jiff::Timestamp::from_second(*seconds).ok(),
        Value::Text(text) => text.trim().parse().ok(),
        other => return Err(other.mismatch("convertible to a time")),
    };
    read.map(Value::Time)
        .ok_or_else(|| unreadable(value, "a time"))
}

fn duration<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    match arguments.next() {
        Value::Duration(span) => Ok(Value::Duration(span)),
        Value::Text(text) => text
            .trim()
            .parse()
            .map(Value::Duration)
            .map_err(|error: crate::expr::duration::InvalidSpan| domain(error.to_string())),
        other => Err(other.mismatch("convertible to a duration")),
    }
}

fn unreadable(value: Value<'_>, wanted: &str) -> crate::expr::EvaluationError {
    let text = value.into_text().unwrap_or_default();
    domain(format!("`{text}` is not {wanted}"))
}
