//! Functions of lists, and of what can be ordered.

use std::cmp::Ordering;

use super::{Arguments, Function, Moment, Param, Result, Returns, function};
use crate::expr::eval::{arithmetic, order};
use crate::expr::ir::Operator;
use crate::expr::value::Value;
use crate::expr::{EvaluationError, Type};

const LIST: (&str, Param) = ("list", Param::List);

pub(super) static TABLE: [Function; 7] = [
    function(
        "size",
        &[("value", Param::Sized)],
        Returns::Is(Type::Int),
        size,
    ),
    function(
        "join",
        &[LIST, ("separator", Param::Text)],
        Returns::Is(Type::String),
        join,
    )
    .optional(1),
    function("sum", &[LIST], Returns::Element, sum),
    function("min", &[("values", Param::Ordered)], Returns::Element, min).repeating(),
    function("max", &[("values", Param::Ordered)], Returns::Element, max).repeating(),
    function("sort", &[LIST], Returns::First, sort),
    function(
        "sort_by",
        &[LIST, ("field", Param::Text)],
        Returns::First,
        sort_by,
    ),
];

/// Characters of text, elements of a list, keys of an object.
fn size<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let count = match arguments.next() {
        Value::Text(text) => text.chars().count(),
        Value::List(elements) => elements.len(),
        Value::Array(elements, _) => elements.len(),
        Value::Object(members, _) => members.len(),
        Value::Map(entries) => entries.len(),
        other => return Err(other.mismatch("text, a list or an object")),
    };
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn join<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let list = arguments.list()?;
    let separator = match arguments.next() {
        Value::Unset(_) => "".into(),
        Value::Text(text) => text,
        other => return Err(other.mismatch("text")),
    };
    let texts = list.into_iter().map(Value::into_text);
    let texts = texts.collect::<std::result::Result<Vec<_>, EvaluationError>>()?;
    Ok(Value::Text(texts.join(&*separator).into()))
}

fn sum<'a>(moment: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let mut elements = arguments.list()?.into_iter();
    let first = elements.next().unwrap_or(Value::Int(0));
    if !matches!(
        first,
        Value::Int(_) | Value::Double(_) | Value::Decimal(_) | Value::Duration(_)
    ) {
        return Err(first.mismatch("a number"));
    }
    elements.try_fold(first, |sum, next| {
        arithmetic(Operator::Add, sum, next, moment.tz)
    })
}

fn min<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    extreme(arguments, Ordering::Less)
}

fn max<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    extreme(arguments, Ordering::Greater)
}

/// Of an empty list it is unset.
fn extreme<'a>(arguments: &mut Arguments<'a>, wanted: Ordering) -> Result<'a> {
    let mut values = arguments.rest();
    if matches!(values.as_slice(), [Value::List(_) | Value::Array(..)]) {
        values = values.swap_remove(0).elements()?;
    }
    let mut values = values.into_iter();
    let first = values
        .next()
        .unwrap_or(Value::Unset("the extreme of an empty list"));
    values.try_fold(first, |best, next| {
        Ok(if order(&next, &best)? == wanted {
            next
        } else {
            best
        })
    })
}

fn sort<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let elements = arguments.list()?;
    let keys = elements.clone();
    sorted(elements, keys)
}

fn sort_by<'a>(_: Moment<'_>, arguments: &mut Arguments<'a>) -> Result<'a> {
    let elements = arguments.list()?;
    let field = arguments.text()?;
    let key = |element: &Value<'a>| element.member(&field, "the field of an element");
    let keys = elements
        .iter()
        .map(key)
        .collect::<std::result::Result<_, EvaluationError>>()?;
    sorted(elements, keys)
}

/// Stable; what is unset comes last.
fn sorted<'a>(elements: Vec<Value<'a>>, keys: Vec<Value<'a>>) -> Result<'a> {
    let mut failed = None;
    let mut pairs: Vec<_> = keys.into_iter().zip(elements).collect();
    pairs.sort_by(|(a, _), (b, _)| match (a, b) {
        (Value::Unset(_), Value::Unset(_)) => Ordering::Equal,
        (Value::Unset(_), _) => Ordering::Greater,
        (_, Value::Unset(_)) => Ordering::Less,
        (a, b) => order(a, b).unwrap_or_else(|error| {
            failed = Some(error);
            Ordering::Equal
        }),
    });
    let elements = pairs.into_iter().map(|(_, element)| element).collect();
    failed.map_or(Ok(Value::List(elements)), Err)
}
