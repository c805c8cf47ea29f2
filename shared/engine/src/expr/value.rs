//! Values while an expression is evaluated: borrowed from the scope's JSON wherever possible.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value as Json};

use super::duration::Span;
use super::{EvaluationError, Type};

/// A value of the dialect.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// Absent or null, with the path as written.
    Unset(&'a str),
    Bool(bool),
    Int(i64),
    Double(f64),
    Decimal(Decimal),
    Text(Cow<'a, str>),
    Date(Date),
    Time(Timestamp),
    Duration(Span),
    List(Vec<Value<'a>>),
    /// JSON whose elements are read when they are used, each by this type.
    Array(&'a [Json], &'a Type),
    Object(&'a Map<String, Json>, Option<&'a BTreeMap<String, Type>>),
    Map(Vec<(String, Value<'a>)>),
}

static DYNAMIC: Type = Type::Dynamic;

impl<'a> Value<'a> {
    /// Reads JSON by its declared type; `written` is the path that errors name.
    pub(crate) fn read(
        json: &'a Json,
        ty: &'a Type,
        written: &'a str,
    ) -> Result<Self, EvaluationError> {
        let read = match (ty, json) {
            (_, Json::Null) => Some(Self::Unset(written)),
            (Type::Dynamic, _) => Some(Self::undeclared(json)),
            (Type::List(of), Json::Array(elements)) => Some(Self::Array(elements, of)),
            (Type::Object(members), Json::Object(object)) => {
                Some(Self::Object(object, Some(members)))
            }
            (Type::Bool, Json::Bool(value)) => Some(Self::Bool(*value)),
            (Type::Int, Json::Number(number)) => integer(number).map(Self::Int),
            (Type::Double, Json::Number(number)) => number.as_f64().map(Self::Double),
            (Type::Decimal, Json::Number(number)) => {
                number.to_string().parse().ok().map(Self::Decimal)
            }
            (_, Json::String(text)) => Self::from_text(text, ty),
            _ => None,
        };
        read.ok_or_else(|| {
            let found = Self::undeclared(json).describe();
            EvaluationError::Type(format!("`{written}` holds {found}, not {ty}"))
        })
    }

    fn undeclared(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Unset("null"),
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => number.as_i64().map_or_else(
                || Self::Double(number.as_f64().unwrap_or(f64::NAN)),
                Self::Int,
            ),
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            Json::Array(elements) => Self::Array(elements, &DYNAMIC),
            Json::Object(members) => Self::Object(members, None),
        }
    }

    fn from_text(text: &'a str, ty: &Type) -> Option<Self> {
        match ty {
            Type::String | Type::Ref(_) => Some(Self::Text(Cow::Borrowed(text))),
            Type::Decimal => text.parse().ok().map(Self::Decimal),
            Type::Date => text.parse().ok().map(Self::Date),
            Type::Time => text.parse().ok().map(Self::Time),
            Type::Duration => text.parse().ok().map(Self::Duration),
            _ => None,
        }
    }

    /// A member of an object; anything else has none, so it is unset.
    pub(crate) fn member(&self, name: &str, written: &'a str) -> Result<Self, EvaluationError> {
        match self {
            Self::Object(members, types) => {
                let ty = types.and_then(|types| types.get(name)).unwrap_or(&DYNAMIC);
                match members.get(name) {
                    Some(json) => Self::read(json, ty, written),
                    None => Ok(Self::Unset(written)),
                }
            }
            Self::Map(entries) => {
                let entry = entries.iter().find(|(key, _)| key == name);
                Ok(entry.map_or(Self::Unset(written), |(_, value)| value.clone()))
            }
            _ => Ok(Self::Unset(written)),
        }
    }

    /// The element at an index from 0; beyond the end it is unset.
    pub(crate) fn element(&self, index: i64, written: &'a str) -> Result<Self, EvaluationError> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        match self {
            Self::Array(elements, ty) => match elements.get(index) {
                Some(json) => Self::read(json, ty, written),
                None => Ok(Self::Unset(written)),
            },
            Self::List(elements) => {
                Ok(elements.get(index).cloned().unwrap_or(Self::Unset(written)))
            }
            other => Err(other.mismatch("a list")),
        }
    }

    /// The elements of a list.
    pub(crate) fn elements(self) -> Result<Vec<Self>, EvaluationError> {
        match self {
            Self::List(elements) => Ok(elements),
            Self::Array(elements, ty) => elements
                .iter()
                .map(|json| Self::read(json, ty, "an element"))
                .collect(),
            Self::Unset(path) => Err(unset(path)),
            other => Err(other.mismatch("a list")),
        }
    }

    /// The keys of an object, in their order.
    pub(crate) fn keys(&self) -> Option<Vec<Self>> {
        let text = |key: &str| Value::Text(Cow::Owned(key.to_owned()));
        match self {
            Self::Object(members, _) => Some(members.keys().map(|key| text(key)).collect()),
            Self::Map(entries) => Some(entries.iter().map(|(key, _)| text(key)).collect()),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Unset(_) => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Double(_) => "a float",
            Self::Decimal(_) => "a decimal",
            Self::Text(_) => "text",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time",
            Self::Duration(_) => "a duration",
            Self::List(_) | Self::Array(..) => "a list",
            Self::Object(..) | Self::Map(_) => "an object",
        }
    }

    /// The error of a value that should have been something else.
    pub(crate) fn mismatch(&self, expected: &str) -> EvaluationError {
        match self {
            Self::Unset(path) => unset(path),
            other => EvaluationError::Type(format!("{} is not {expected}", other.describe())),
        }
    }

    /// How much work reading all of it is, in elements.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len() / 64,
            Self::Array(elements, _) => elements.len(),
            Self::List(elements) => elements.len(),
            Self::Object(members, _) => members.len(),
            Self::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    /// The text of a scalar in its normal form.
    pub(crate) fn into_text(self) -> Result<Cow<'a, str>, EvaluationError> {
        Ok(match self {
            Self::Text(text) => text,
            Self::Bool(value) => value.to_string().into(),
            Self::Int(value) => value.to_string().into(),
            Self::Double(value) => value.to_string().into(),
            Self::Decimal(value) => value.to_string().into(),
            Self::Date(value) => value.to_string().into(),
            Self::Time(value) => value.to_string().into(),
            Self::Duration(value) => value.to_string().into(),
            other => return Err(other.mismatch("a single value")),
        })
    }

    /// The value in JSON normal form; `None` when it is unset.
    pub(crate) fn into_json(self) -> Result<Option<Json>, EvaluationError> {
        Ok(Some(match self {
            Self::Unset(_) => return Ok(None),
            Self::Bool(value) => Json::Bool(value),
            Self::Int(value) => Json::from(value),
            Self::Double(value) => float(value)?,
            Self::Array(elements, _) => Json::Array(elements.to_vec()),
            Self::Object(members, _) => Json::Object(members.clone()),
            Self::List(elements) => elements
                .into_iter()
                .map(|element| Ok(element.into_json()?.unwrap_or(Json::Null)))
                .collect::<Result<Vec<_>, EvaluationError>>()?
                .into(),
            Self::Map(entries) => Json::Object(members(entries)?),
            scalar => Json::String(scalar.into_text()?.into_owned()),
        }))
    }
}

/// The error of reading what is unset.
pub(crate) fn unset(path: &str) -> EvaluationError {
    EvaluationError::UnsetValue {
        path: path.to_owned(),
    }
}

fn integer(number: &Number) -> Option<i64> {
    number
        .as_i64()
        .or_else(|| number.to_string().strip_suffix(".0")?.parse().ok())
}

fn float(value: f64) -> Result<Json, EvaluationError> {
    Number::from_f64(value)
        .map(Json::Number)
        .ok_or_else(|| EvaluationError::Domain(format!("{value} has no JSON form")))
}

/// What is unset stays unset: its key is left out.
fn members(entries: Vec<(String, Value<'_>)>) -> Result<Map<String, Json>, EvaluationError> {
    let mut members = Map::new();
    for (key, value) in entries {
        if let Some(json) = value.into_json()? {
            members.insert(key, json);
        }
    }
    Ok(members)
}
