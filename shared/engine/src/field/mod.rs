//! Field types of records and events: what they accept, and the one normal form they are stored in.

mod accept;
mod calendar;
mod check;
mod email;
mod number;
mod phone;
mod scalar;
mod text;
mod url;
mod violation;

#[cfg(test)]
mod properties;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Number, Value as Json};

use crate::expr::Type;
use crate::name::RecordType;

pub use self::accept::{Unknown, accept, accept_all};
pub use self::check::BadConstraint;
pub use self::violation::{Rule, Violation, describe};

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Text; `min`, `max` count characters, `pattern` must match the whole.
    String,
    /// A 64-bit signed integer.
    Integer,
    /// An exact decimal, stored as JSON text; never a float.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A calendar date, stored as `2026-11-20`.
    Date,
    /// A point in time, stored in RFC 3339 UTC.
    Datetime,
    /// A span of time such as `5m`, `2w`, `6mo`.
    Duration,
    /// An IANA time zone name.
    Timezone,
    /// A phone number, stored in E.164; `region` reads national numbers.
    Phone,
    /// An e-mail address, domain in ASCII lower case.
    Email,
    /// An absolute http or https URL.
    Url,
    /// One of `values`.
    Enum,
    /// A list of `of`.
    List(Box<Field>),
    /// An object with declared members.
    Object(BTreeMap<String, Field>),
    /// An object with any members.
    AnyObject,
    /// A reference to a record of this type, stored as its id.
    Ref(RecordType),
}

/// A field's type with its constraints (LANGUAGE, `FIELD`).
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What it holds.
    pub kind: Kind,
    /// Whether unset is a mistake.
    pub required: bool,
    /// The value of an unset field.
    pub default: Option<Json>,
    /// Whether logs, alerts and traces mask it.
    pub pii: bool,
    /// Smallest value, or shortest length.
    pub min: Option<Number>,
    /// Largest value, or greatest length.
    pub max: Option<Number>,
    /// A regular expression that text matches as a whole.
    pub pattern: Option<String>,
    /// Default region of a phone number: `US`.
    pub region: Option<String>,
    /// Digits after the point of a decimal.
    pub scale: Option<u32>,
    /// The allowed texts of an enum.
    pub values: Vec<String>,
}

impl Field {
    /// A field of this kind without constraints.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            required: false,
            default: None,
            pii: false,
            min: None,
            max: None,
            pattern: None,
            region: None,
            scale: None,
            values: Vec::new(),
        }
    }

    /// The type that expressions see.
    #[must_use]
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Integer => Type::Int,
            Kind::Decimal => Type::Decimal,
            Kind::Boolean => Type::Bool,
            Kind::Date => Type::Date,
            Kind::Datetime => Type::Time,
            Kind::Duration => Type::Duration,
            Kind::List(of) => Type::List(Box::new(of.ty())),
            Kind::Object(members) => Type::Object(Arc::new(types(members))),
            Kind::AnyObject => Type::Dynamic,
            Kind::Ref(to) => Type::Ref(to.clone()),
            Kind::String | Kind::Timezone | Kind::Phone | Kind::Email | Kind::Url | Kind::Enum => {
                Type::String
            }
        }
    }
}

fn types(members: &BTreeMap<String, Field>) -> BTreeMap<String, Type> {
    let named = |(name, field): (&String, &Field)| (name.clone(), field.ty());
    members.iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_see_the_types_of_members() {
        let list = Field::of(Kind::List(Box::new(Field::of(Kind::Decimal))));
        let patient = RecordType::new("patient").unwrap();
        let members = [
            ("at", Field::of(Kind::Datetime)),
            ("owner", Field::of(Kind::Ref(patient.clone()))),
            ("prices", list),
        ];
        let named = members.map(|(name, field)| (name.to_owned(), field));
        let Type::Object(types) = Field::of(Kind::Object(named.into())).ty() else {
            panic!("an object");
        };
        assert_eq!(types["at"], Type::Time);
        assert_eq!(types["owner"], Type::Ref(patient));
        assert_eq!(types["prices"], Type::List(Box::new(Type::Decimal)));
    }
}
