//! Functions of numbers and money.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Arguments, Function, Moment, Param, Result, Returns, domain, function};
use crate::expr::value::Value;
use crate::expr::{EvaluationError, Type};

/// Signs that stand before an amount; other currencies are written with their code.
const SIGNS: [(&str, &str); 8] = [
    ("AUD", "A$"),
    ("CAD", "CA$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("INR", "₹"),
    ("JPY", "¥"),
    ("MXN", "MX$"),
    ("USD", "$"),
];
/// Currencies without a minor unit.
const WHOLE: [&str; 10] = [
    "BIF", "CLP", "ISK", "JPY", "KRW", "PYG", "RWF", "UGX", "VND", "XAF",
];
/// Currencies with three digits after the point.
const MILLS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

pub(super) static TABLE: [Function; 3] = [
    function(
        "ratio",
        &[("part", Param::Decimal), ("whole", Param::Decimal)],
        Returns::Is(Type::Decimal),
        ratio,
    ),
    function(
        "money",
        &[("amount", Param::Decimal), ("currency", Param::Text)],
        Returns::Is(Type::String),
        money,
    ),
    function(
        "cents",
        &[("minor", Param::Int)],
        Returns::Is(Type::Decimal),
        cents,
    ),
];

/// Part by whole; of nothing there is none, so it is unset.
fn ratio<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let (part, whole) = (exact(arguments.next())?, exact(arguments.next())?);
    if whole.is_zero() {
        return Ok(Value::Unset("the ratio to zero"));
    }
    part.checked_div(whole)
        .map(Value::Decimal)
        .ok_or_else(|| domain("the result is too large"))
}

/// An amount as people read it: `$1,234.50`.
fn money<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let amount = exact(arguments.next())?;
    let currency = arguments.text()?.to_uppercase();
    let digits = match currency.as_str() {
        code if WHOLE.contains(&code) => 0,
        code if MILLS.contains(&code) => 3,
        _ => 2,
    };
    let rounded = amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    let sign = if rounded.is_sign_negative() && !rounded.is_zero() {
        "-"
    } else {
        ""
    };
    let unit = SIGNS
        .iter()
        .find(|(code, _)| *code == currency)
        .map_or_else(|| format!("{currency} "), |(_, sign)| (*sign).to_owned());
    let places = usize::try_from(digits).unwrap_or(0);
    let number = grouped(&format!("{:.places$}", rounded.abs()));
    Ok(Value::Text(format!("{sign}{unit}{number}").into()))
}

fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// An amount from the hundredths that payment providers send.
fn cents<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    Decimal::try_from_i128_with_scale(arguments.int()?.into(), 2)
        .map(Value::Decimal)
        .map_err(|_| domain("the amount is too large"))
}

fn exact(value: Value<'_>) -> std::result::Result<Decimal, EvaluationError> {
    match value {
        Value::Decimal(value) => Ok(value),
        Value::Int(value) => Ok(value.into()),
        other => Err(other.mismatch("a decimal")),
    }
}
