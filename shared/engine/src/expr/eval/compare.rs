//! Equality, order and membership.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Result;
use crate::expr::EvaluationError;
use crate::expr::duration::Span;
use crate::expr::ir::Comparison;
use crate::expr::value::Value;

pub(super) fn compare(comparison: Comparison, a: &Value<'_>, b: &Value<'_>) -> Result<bool> {
    Ok(match comparison {
        Comparison::Equal => equal(a, b)?,
        Comparison::NotEqual => !equal(a, b)?,
        Comparison::Less => order(a, b)?.is_lt(),
        Comparison::LessOrEqual => order(a, b)?.is_le(),
        Comparison::Greater => order(a, b)?.is_gt(),
        Comparison::GreaterOrEqual => order(a, b)?.is_ge(),
    })
}

/// Equality; unset equals only unset, and values of unlike types are an error.
pub(super) fn equal(a: &Value<'_>, b: &Value<'_>) -> Result<bool> {
    match (a, b) {
        (Value::Unset(_), other) | (other, Value::Unset(_)) => Ok(matches!(other, Value::Unset(_))),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::List(_) | Value::Array(..), Value::List(_) | Value::Array(..)) => {
            lists_equal(&a.clone().elements()?, &b.clone().elements()?)
        }
        (Value::Object(..) | Value::Map(_), Value::Object(..) | Value::Map(_)) => {
            Ok(a.clone().into_json()? == b.clone().into_json()?)
        }
        (Value::Duration(a), Value::Duration(b)) => Ok(a == b),
        _ => order(a, b).map(Ordering::is_eq),
    }
}

fn lists_equal(a: &[Value<'_>], b: &[Value<'_>]) -> Result<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter().zip(b) {
        if !equal(a, b)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The order of two values of like types.
pub(crate) fn order(a: &Value<'_>, b: &Value<'_>) -> Result<Ordering> {
    let ordering = match (a, b) {
        (Value::Unset(_), _) => return Err(a.mismatch("set")),
        (_, Value::Unset(_)) => return Err(b.mismatch("set")),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
        (Value::Decimal(a), Value::Int(b)) => Some(a.cmp(&Decimal::from(*b))),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Double(b)) => a.to_f64().and_then(|a| a.partial_cmp(b)),
        (Value::Double(a), Value::Int(b)) => b.to_f64().and_then(|b| a.partial_cmp(&b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => return spans(*a, *b),
        _ => None,
    };
    ordering.ok_or_else(|| unlike(a, b))
}

fn spans(a: Span, b: Span) -> Result<Ordering> {
    match (a, b) {
        (Span::Exact(a), Span::Exact(b)) => Ok(a.cmp(&b)),
        (Span::Months(a), Span::Months(b)) => Ok(a.cmp(&b)),
        _ => Err(EvaluationError::Domain(format!(
            "{a} and {b} have no order: months are only known on a calendar"
        ))),
    }
}

fn unlike(a: &Value<'_>, b: &Value<'_>) -> EvaluationError {
    let (a, b) = (a.describe(), b.describe());
    EvaluationError::Type(format!("{a} cannot be compared with {b}"))
}

/// Membership in a list's elements or an object's keys; unlike elements are just not it.
pub(super) fn is_in(element: &Value<'_>, list: Value<'_>) -> Result<bool> {
    if matches!(element, Value::Unset(_)) {
        return Err(element.mismatch("set"));
    }
    if let (Some(keys), Value::Text(key)) = (list.keys(), element) {
        return Ok(keys
            .iter()
            .any(|known| matches!(known, Value::Text(known) if known == key)));
    }
    let elements = list.elements()?;
    Ok(elements
        .iter()
        .any(|other| equal(element, other).unwrap_or(false)))
}
