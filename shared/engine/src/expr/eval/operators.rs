//! Arithmetic: checked integers, exact decimals, times and durations.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Result;
use crate::expr::EvaluationError;
use crate::expr::duration::Span;
use crate::expr::ir::Operator;
use crate::expr::value::Value;

pub(super) fn negate(value: Value<'_>) -> Result<Value<'_>> {
    match value {
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or_else(too_large),
        Value::Double(value) => Ok(Value::Double(-value)),
        Value::Decimal(value) => Ok(Value::Decimal(-value)),
        Value::Duration(span) => span.negated().map(Value::Duration),
        other => Err(other.mismatch("a number")),
    }
}

/// Applies an operator to two values that are set.
pub(crate) fn arithmetic<'a>(
    operator: Operator,
    a: Value<'a>,
    b: Value<'a>,
    tz: &TimeZone,
) -> Result<Value<'a>> {
    match (a, b) {
        (unset @ Value::Unset(_), _) | (_, unset @ Value::Unset(_)) => Err(unset.mismatch("set")),
        (Value::Int(a), Value::Int(b)) => integers(operator, a, b).map(Value::Int),
        (Value::Decimal(a), Value::Decimal(b)) => decimals(operator, a, b),
        (Value::Decimal(a), Value::Int(b)) => decimals(operator, a, b.into()),
        (Value::Int(a), Value::Decimal(b)) => decimals(operator, a.into(), b),
        (Value::Double(a), Value::Double(b)) => floats(operator, a, b),
        (Value::Double(a), Value::Int(b)) => floats(operator, a, b.to_f64().unwrap_or(f64::NAN)),
        (Value::Int(a), Value::Double(b)) => floats(operator, a.to_f64().unwrap_or(f64::NAN), b),
        (Value::Text(a), Value::Text(b)) if operator == Operator::Add => {
            Ok(Value::Text((a.into_owned() + &b).into()))
        }
        (a @ (Value::List(_) | Value::Array(..)), b @ (Value::List(_) | Value::Array(..)))
            if operator == Operator::Add =>
        {
            let mut elements = a.elements()?;
            elements.extend(b.elements()?);
            Ok(Value::List(elements))
        }
        (a, b) => calendar(operator, a, b, tz),
    }
}

fn integers(operator: Operator, a: i64, b: i64) -> Result<i64> {
    match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide | Operator::Remainder if b == 0 => return Err(by_zero()),
        Operator::Divide => a.checked_div(b),
        Operator::Remainder => a.checked_rem(b),
    }
    .ok_or_else(too_large)
}

fn decimals<'a>(operator: Operator, a: Decimal, b: Decimal) -> Result<Value<'a>> {
    match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide if b.is_zero() => return Err(by_zero()),
        Operator::Divide => a.checked_div(b),
        Operator::Remainder => return Err(inapplicable(operator, "a decimal", "a decimal")),
    }
    .map(Value::Decimal)
    .ok_or_else(too_large)
}

fn floats<'a>(operator: Operator, a: f64, b: f64) -> Result<Value<'a>> {
    let result = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide if b == 0.0 => return Err(by_zero()),
        Operator::Divide => a / b,
        Operator::Remainder => return Err(inapplicable(operator, "a float", "a float")),
    };
    if result.is_finite() {
        Ok(Value::Double(result))
    } else {
        Err(too_large())
    }
}

fn calendar<'a>(
    operator: Operator,
    a: Value<'a>,
    b: Value<'a>,
    tz: &TimeZone,
) -> Result<Value<'a>> {
    let back = operator == Operator::Subtract;
    match (operator, a, b) {
        (Operator::Add, Value::Duration(span), Value::Time(time)) => {
            span.add_to(time, tz).map(Value::Time)
        }
        (Operator::Add, Value::Duration(span), Value::Date(date)) => {
            span.add_to_date(date).map(Value::Date)
        }
        (Operator::Add | Operator::Subtract, Value::Time(time), Value::Duration(span)) => {
            directed(span, back)?.add_to(time, tz).map(Value::Time)
        }
        (Operator::Add | Operator::Subtract, Value::Date(date), Value::Duration(span)) => {
            directed(span, back)?.add_to_date(date).map(Value::Date)
        }
        (Operator::Add | Operator::Subtract, Value::Duration(a), Value::Duration(b)) => {
            a.plus(directed(b, back)?).map(Value::Duration)
        }
        (Operator::Subtract, Value::Time(a), Value::Time(b)) => Ok(between_times(a, b)),
        (Operator::Subtract, Value::Date(a), Value::Date(b)) => Ok(between_dates(a, b)),
        (operator, a, b) => Err(inapplicable(operator, a.describe(), b.describe())),
    }
}

fn directed(span: Span, back: bool) -> Result<Span> {
    if back { span.negated() } else { Ok(span) }
}

fn between_times<'a>(a: Timestamp, b: Timestamp) -> Value<'a> {
    Value::Duration(Span::Exact(a.duration_since(b)))
}

fn between_dates<'a>(a: Date, b: Date) -> Value<'a> {
    let length: SignedDuration = a.duration_since(b);
    Value::Duration(Span::Exact(length))
}

fn inapplicable(operator: Operator, a: &str, b: &str) -> EvaluationError {
    let sign = operator.sign();
    EvaluationError::Type(format!("`{sign}` does not apply to {a} and {b}"))
}

fn by_zero() -> EvaluationError {
    EvaluationError::Domain("division by zero".to_owned())
}

fn too_large() -> EvaluationError {
    EvaluationError::Domain("the result is too large".to_owned())
}
