//! What a value should be: a field's value, a step's input, or anything.

use serde_json::Value as Json;

use super::json_schema::Schema;
use crate::definition::model::RecordDefinition;
use crate::definition::nearest::suggestion;
use crate::expr::Type;
use crate::field::{Field, Kind, accept};

/// What a value should be.
#[derive(Clone, Copy)]
pub(super) enum Expected<'a> {
    /// Anything.
    Any,
    /// Text.
    Text,
    /// A value of this field.
    Field(&'a Field),
    /// A state of this record.
    State(&'a RecordDefinition),
    /// What a JSON Schema describes.
    Schema(Schema<'a>),
}

/// A literal that is not what is expected: what it should be, and how to mend it.
pub(super) struct Unfit {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Expected<'_> {
    /// The type that an expression must have; `None` is any.
    pub(super) fn ty(self) -> Option<Type> {
        match self {
            Self::Any => None,
            Self::Text | Self::State(_) => Some(Type::String),
            Self::Field(field) => Some(field.ty()).filter(|ty| *ty != Type::Dynamic),
            Self::Schema(schema) => Some(schema.ty()).filter(|ty| *ty != Type::Dynamic),
        }
    }

    /// The code of a literal that does not fit.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::State(_) => "UnknownState",
            _ => "WrongType",
        }
    }

    /// Whether text fits, so that a template does.
    pub(super) fn takes_text(self) -> bool {
        self.ty().is_none_or(|ty| ty == Type::String)
    }

    /// Whether it is a URL path, into which a template interpolates segments.
    pub(super) fn is_path(self) -> bool {
        matches!(self, Self::Schema(schema) if schema.is_path())
    }

    /// The literal in normal form.
    pub(super) fn literal(self, value: Json) -> Result<Json, Unfit> {
        match self {
            Self::Any => Ok(value),
            Self::Text if value.is_string() => Ok(value),
            Self::Text => Err(Unfit {
                message: "expected text".to_owned(),
                help: None,
            }),
            Self::Field(field) => of_field(field, &value),
            Self::State(record) => of_state(record, value),
            Self::Schema(_) if value.is_null() => Ok(value),
            Self::Schema(schema) => match schema.check(&value) {
                Ok(()) => Ok(value),
                Err(message) => Err(Unfit {
                    message,
                    help: None,
                }),
            },
        }
    }

    /// What an element of a list should be.
    pub(super) fn element(self) -> Self {
        match self {
            Self::Field(Field {
                kind: Kind::List(of),
                ..
            }) => Self::Field(of),
            Self::Schema(schema) => schema.element().map_or(Self::Any, Self::Schema),
            _ => Self::Any,
        }
    }

    /// What the member of an object should be; `Err` when there is no such member.
    pub(super) fn member(self, name: &str) -> Result<Self, Unfit> {
        let unknown = |names: Vec<&str>| Unfit {
            message: format!("there is no member `{name}`"),
            help: Some(suggestion(name, names.iter().copied(), "member")),
        };
        match self {
            Self::Field(Field {
                kind: Kind::Object(members),
                ..
            }) => match members.get(name) {
                Some(field) => Ok(Self::Field(field)),
                None => Err(unknown(members.keys().map(String::as_str).collect())),
            },
            Self::Schema(schema) => match schema.member(name) {
                Some(member) => Ok(Self::Schema(member)),
                None if schema.closed() => Err(unknown(schema.names())),
                None => Ok(Self::Any),
            },
            _ => Ok(Self::Any),
        }
    }

    /// Whether a list fits.
    pub(super) fn takes_list(self) -> bool {
        matches!(self.ty(), None | Some(Type::List(_) | Type::Dynamic))
    }

    /// Whether an object fits.
    pub(super) fn takes_object(self) -> bool {
        matches!(self.ty(), None | Some(Type::Object(_) | Type::Dynamic))
    }

    /// The members that must be there.
    pub(super) fn required(self) -> Vec<String> {
        match self {
            Self::Field(Field {
                kind: Kind::Object(members),
                ..
            }) => {
                let required = members.iter().filter(|(_, field)| field.required);
                required.map(|(name, _)| name.clone()).collect()
            }
            Self::Schema(schema) => schema.required().into_iter().map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// What is expected, in words.
    pub(super) fn described(self) -> String {
        match self {
            Self::Any => "any value".to_owned(),
            Self::State(record) => format!("a state of `{}`", record.name),
            _ => self
                .ty()
                .map_or_else(|| "any value".to_owned(), |ty| words(&ty).to_owned()),
        }
    }
}

fn of_field(field: &Field, value: &Json) -> Result<Json, Unfit> {
    if value.is_null() && !field.required {
        return Ok(Json::Null);
    }
    accept(field, value).map_err(|violations| {
        let first = violations.into_iter().next();
        let (expected, hint) = first.map_or_else(
            || ("another value".to_owned(), None),
            |violation| (violation.expected, violation.hint),
        );
        Unfit {
            message: format!("expected {expected}"),
            help: hint,
        }
    })
}

fn of_state(record: &RecordDefinition, value: Json) -> Result<Json, Unfit> {
    let name = value.as_str().unwrap_or_default();
    if record.states.iter().any(|state| state == name) {
        return Ok(value);
    }
    Err(Unfit {
        message: format!("`{}` has no state `{name}`", record.name),
        help: Some(suggestion(
            name,
            record.states.iter().map(String::as_str),
            "state",
        )),
    })
}

/// A type in words.
pub(super) fn words(ty: &Type) -> &'static str {
    match ty {
        Type::Dynamic => "any value",
        Type::Bool => "`true` or `false`",
        Type::Int => "a whole number",
        Type::Double => "a number",
        Type::Decimal => "a decimal",
        Type::String => "text",
        Type::Date => "a date",
        Type::Time => "a time",
        Type::Duration => "a duration",
        Type::List(_) => "a list",
        Type::Object(_) => "an object",
        Type::Ref(_) => "a reference to a record",
    }
}
