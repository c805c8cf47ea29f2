//! Numbers and booleans, from JSON or from the exact text that a form carries.

use rust_decimal::Decimal;
use serde_json::{Number, Value as Json};

use super::Field;
use super::violation::{Fault, Rule};

const INTEGER: &str = "a whole number of at most 64 bits";
const DECIMAL: &str = "a decimal number such as 12.50, of at most 28 digits";

/// The largest float up to which every whole number is exact, 2^53.
const EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

/// A whole number. Text is read where it is exactly how the number is written: `"12"`, and not
/// `"012"`, `"+12"` or `" 12"`, which may be identifiers. `12.0` is read as 12.
pub(super) fn integer(field: &Field, value: &Json) -> Result<Json, Fault> {
    let number = match value {
        Json::Number(number) => number
            .as_i64()
            .or_else(|| whole(number))
            .ok_or_else(|| Fault::ty(INTEGER)),
        Json::String(text) => written(text).ok_or_else(|| Fault::format(INTEGER)),
        _ => Err(Fault::ty(INTEGER)),
    }?;
    check_range(field, Decimal::from(number))?;
    Ok(Json::from(number))
}

fn whole(number: &Number) -> Option<i64> {
    let float = number
        .as_f64()
        .filter(|float| float.fract() == 0.0 && float.abs() <= EXACT_FLOAT)?;
    format!("{float:.0}").parse().ok()
}

fn written(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// An exact decimal as text: with `scale`, exactly that many digits after the point; without it,
/// no zeros at the end. It is never rounded: digits beyond the scale are a mistake. A JSON float
/// counts as its shortest text, `0.1` as 0.1.
pub(super) fn decimal(field: &Field, value: &Json) -> Result<String, Fault> {
    let number = match value {
        Json::Number(number) => parse_json(number).ok_or_else(|| Fault::ty(DECIMAL)),
        Json::String(text) => parse(text).ok_or_else(|| Fault::format(DECIMAL)),
        _ => Err(Fault::ty(DECIMAL)),
    }?
    .normalize();
    check_range(field, number)?;
    match field.scale {
        Some(scale) => padded(number, scale),
        None => Ok(number.to_string()),
    }
}

fn padded(mut number: Decimal, scale: u32) -> Result<String, Fault> {
    if number.scale() > scale {
        let expected = format!("at most {scale} digits after the point");
        return Err(Fault::new(Rule::Scale, expected));
    }
    number.rescale(scale);
    if number.scale() != scale {
        return Err(Fault::new(Rule::Max, DECIMAL));
    }
    Ok(number.to_string())
}

/// Reads plain notation only; the library's own parser also takes `_` and leading points.
fn parse(text: &str) -> Option<Decimal> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(part) {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

fn parse_json(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    if text.contains(['e', 'E']) {
        // Exact: a float's text has at most 17 digits, and a scale too deep is an error.
        return Decimal::from_scientific(&text).ok();
    }
    parse(&text)
}

fn check_range(field: &Field, number: Decimal) -> Result<(), Fault> {
    let bound = |bound: &Option<Number>| bound.as_ref().and_then(bound_of);
    if let Some(min) = bound(&field.min).filter(|min| number < *min) {
        return Err(Fault::new(Rule::Min, format!("at least {min}")));
    }
    if let Some(max) = bound(&field.max).filter(|max| number > *max) {
        return Err(Fault::new(Rule::Max, format!("at most {max}")));
    }
    Ok(())
}

/// A bound as an exact number.
pub(super) fn bound_of(number: &Number) -> Option<Decimal> {
    parse_json(number)
}

/// `true` or `false`, as JSON or as exactly that text.
pub(super) fn boolean(value: &Json) -> Result<Json, Fault> {
    match value {
        Json::Bool(_) => Ok(value.clone()),
        Json::String(text) if text == "true" => Ok(Json::Bool(true)),
        Json::String(text) if text == "false" => Ok(Json::Bool(false)),
        Json::String(_) => Err(Fault::format("true or false")),
        _ => Err(Fault::ty("true or false")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::field::Kind;

    fn scaled(scale: u32) -> Field {
        Field {
            scale: Some(scale),
            ..Field::of(Kind::Decimal)
        }
    }

    #[test]
    fn an_integer_in_text_is_read_only_where_it_is_exact() {
        let field = Field::of(Kind::Integer);
        for (value, expected) in [
            (json!("12"), 12),
            (json!("-3"), -3),
            (json!(4.0), 4),
            (json!(i64::MIN), i64::MIN),
        ] {
            assert_eq!(integer(&field, &value), Ok(json!(expected)), "{value}");
        }
        for value in [
            json!("012"),
            json!("+1"),
            json!(" 1"),
            json!("1.0"),
            json!(""),
            json!("-0"),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!(true),
        ] {
            assert!(integer(&field, &value).is_err(), "{value}");
        }
    }

    #[test]
    fn equal_decimals_have_one_text() {
        let field = Field::of(Kind::Decimal);
        for value in [json!("12.5"), json!("12.50"), json!("012.5"), json!(12.5)] {
            assert_eq!(decimal(&field, &value), Ok("12.5".to_owned()), "{value}");
            assert_eq!(
                decimal(&scaled(2), &value),
                Ok("12.50".to_owned()),
                "{value}"
            );
        }
        assert_eq!(decimal(&field, &json!("-0.00")), Ok("0".to_owned()));
        assert_eq!(decimal(&field, &json!(0.1)), Ok("0.1".to_owned()));
        assert_eq!(decimal(&field, &json!(1e-7)), Ok("0.0000001".to_owned()));
        assert_eq!(
            decimal(&field, &json!(1e20)),
            Ok("100000000000000000000".to_owned())
        );
    }

    #[test]
    fn a_decimal_is_never_rounded() {
        assert_eq!(
            decimal(&scaled(2), &json!("0.005")).unwrap_err().rule,
            Rule::Scale
        );
        let long = json!("79228162514264337593543950335");
        assert_eq!(decimal(&scaled(2), &long).unwrap_err().rule, Rule::Max);
        for value in [
            json!("1e3"),
            json!("1_000"),
            json!(".5"),
            json!("5."),
            json!("1,5"),
            json!(""),
            json!("NaN"),
            json!(1e300),
            json!(1e-300),
            json!("0.12345678901234567890123456789"),
        ] {
            assert!(
                decimal(&Field::of(Kind::Decimal), &value).is_err(),
                "{value}"
            );
        }
    }

    #[test]
    fn bounds_are_exact() {
        let field = Field {
            min: Number::from_f64(0.1),
            max: Some(3.into()),
            ..Field::of(Kind::Decimal)
        };
        assert_eq!(decimal(&field, &json!("0.1")), Ok("0.1".to_owned()));
        assert_eq!(decimal(&field, &json!("0.09")).unwrap_err().rule, Rule::Min);
        assert_eq!(decimal(&field, &json!("3.01")).unwrap_err().rule, Rule::Max);
    }
}
