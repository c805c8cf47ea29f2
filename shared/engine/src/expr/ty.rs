//! What types mean to each other: names, comparison, unification, assignment.

use std::fmt;

use super::Type;

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dynamic => "undeclared JSON",
            Self::Bool => "a boolean",
            Self::Int => "an integer",
            Self::Double => "a float",
            Self::Decimal => "a decimal",
            Self::String => "text",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::Duration => "a duration",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
            Self::Ref(record) => return write!(f, "a reference to `{record}`"),
        })
    }
}

impl Type {
    /// Whether it is an integer, a decimal or a float.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double | Self::Decimal)
    }

    /// Whether it is stored as free text: text itself, or a reference's id.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::String | Self::Ref(_))
    }

    /// Whether it is only known when it is evaluated.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        matches!(self, Self::Dynamic)
    }

    /// Whether a value of `found` can stand where this type is expected.
    #[must_use]
    pub fn accepts(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Dynamic, _)
            | (_, Self::Dynamic)
            | (Self::Decimal, Self::Int)
            | (Self::String, Self::Ref(_)) => true,
            (Self::List(expected), Self::List(found)) => expected.accepts(found),
            (Self::Object(expected), Self::Object(found)) => found
                .iter()
                .all(|(name, ty)| expected.get(name).is_none_or(|wanted| wanted.accepts(ty))),
            _ => self == found,
        }
    }

    /// Whether `==` between the two can ever be meant.
    #[must_use]
    pub fn compares_with(&self, other: &Self) -> bool {
        self.unified(other).is_some()
            || matches!(
                (self, other),
                (Self::Object(_), Self::Object(_))
                    | (Self::Int, Self::Double)
                    | (Self::Double, Self::Int)
            )
    }

    /// Whether `<` has a meaning for values of this type.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        !matches!(self, Self::Bool | Self::List(_) | Self::Object(_))
    }

    /// The type that holds values of both, if there is one.
    #[must_use]
    pub fn unified(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Dynamic, _) | (_, Self::Dynamic) => Some(Self::Dynamic),
            (Self::Int, Self::Decimal) | (Self::Decimal, Self::Int) => Some(Self::Decimal),
            (Self::String, Self::Ref(_)) | (Self::Ref(_), Self::String) => Some(Self::String),
            (Self::List(a), Self::List(b)) => a.unified(b).map(|of| Self::List(Box::new(of))),
            _ => (self == other).then(|| self.clone()),
        }
    }
}
