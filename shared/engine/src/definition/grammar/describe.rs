//! Shapes in the words of messages.

use super::Shape;

/// A value of this shape, to show how it is written.
pub(super) fn example(shape: Shape) -> &'static str {
    match shape {
        Shape::Name => "a-name",
        Shape::Word(words, _) => words.first().copied().unwrap_or("…"),
        Shape::Logic => "an expression",
        Shape::Duration | Shape::Span | Shape::Ahead => "5m",
        Shape::Rate => "8/s",
        Shape::Boolean => "true",
        Shape::Integer | Shape::Number => "1",
        Shape::List(_) | Shape::OneOrList(_) => "[…]",
        Shape::Map(_) | Shape::Object(_) | Shape::FieldOrFields => "{ … }",
        Shape::ScalarOr(scalar, other) => match *scalar {
            Shape::Word(..) => example(*other),
            scalar => example(scalar),
        },
        Shape::Text | Shape::Value | Shape::Any => "…",
    }
}

/// A scalar's shape in words.
pub(super) fn described(shape: Shape) -> &'static str {
    match shape {
        Shape::Name => "a name",
        Shape::Text => "text",
        Shape::Logic => "an expression",
        Shape::Duration | Shape::Span | Shape::Ahead => "a duration",
        Shape::Rate => "a rate",
        Shape::Boolean => "`true` or `false`",
        Shape::Integer => "a whole number",
        Shape::Number => "a number",
        _ => "a word",
    }
}

/// How a scalar of this shape is written.
pub(super) fn hint(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "write text",
        Shape::Name => "use 1 to 64 letters, digits, `-`, `_` or `.`",
        Shape::Logic => "write a CEL expression, in quotes: \"record.amount > 100\"",
        Shape::Duration => "write a whole number and a unit, such as `30s 5m 24h 7d 2w`",
        Shape::Span | Shape::Ahead => {
            "write a whole number and a unit, such as `30s 5m 24h 7d 2w 6mo 1y`"
        }
        Shape::Rate => {
            "write calls and their time, such as `8/s 100/m 1000/h 5000/d`; at most `1000/s`"
        }
        Shape::Boolean => "write `true` or `false` without quotes",
        Shape::Integer | Shape::Number => "write a number without quotes",
        _ => "write one word",
    }
}
