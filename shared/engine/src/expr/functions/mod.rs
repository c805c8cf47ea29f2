//! The functions of the dialect: what they take, what they return, and where they are computed.
//! Each can be written `f(x)` or `x.f()`, and is a filter of templates.

mod convert;
mod lists;
mod numbers;
mod text;
mod times;

use std::fmt;

use jiff::tz::TimeZone;

use super::value::Value;
use super::{EvaluationError, Type};

type Result<'a> = std::result::Result<Value<'a>, EvaluationError>;
type Body = for<'a> fn(Moment<'_>, &mut Arguments<'a>) -> Result<'a>;

/// What functions know besides their arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'s> {
    pub(crate) tz: &'s TimeZone,
}

/// What a function takes at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Param {
    /// A single value, not a list or an object.
    Single,
    Text,
    Int,
    Decimal,
    Time,
    /// A time or a date.
    Day,
    List,
    /// Text, a list or an object.
    Sized,
    /// A number, a date, a time or a list of these.
    Ordered,
}

/// What a function returns.
#[derive(Debug, Clone)]
pub(crate) enum Returns {
    Is(Type),
    Texts,
    /// The type of the first argument.
    First,
    /// The elements' type of a list, else what all arguments have in common.
    Element,
}

/// One function.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    params: &'static [(&'static str, Param)],
    /// How many of the last parameters may be left out.
    optional: usize,
    /// Whether the last parameter repeats.
    repeats: bool,
    returns: Returns,
    /// Fuel of one call, beside what its arguments weigh.
    pub(crate) cost: usize,
    body: Body,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn function(
    name: &'static str,
    params: &'static [(&'static str, Param)],
    returns: Returns,
    body: Body,
) -> Function {
    Function {
        name,
        params,
        optional: 0,
        repeats: false,
        returns,
        cost: 1,
        body,
    }
}

impl Function {
    const fn optional(mut self, last: usize) -> Self {
        self.optional = last;
        self
    }

    const fn costly(mut self, cost: usize) -> Self {
        self.cost = cost;
        self
    }

    const fn repeating(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// Whether it can be called with so many arguments.
    pub(crate) fn takes(&self, count: usize) -> bool {
        let least = self.params.len() - self.optional;
        count >= least && (self.repeats || count <= self.params.len())
    }

    /// What belongs at a place.
    pub(crate) fn param(&self, at: usize) -> Option<Param> {
        let last = self.params.len().saturating_sub(1);
        self.params.get(at.min(last)).map(|(_, param)| *param)
    }

    /// How it is written: `join(list, separator)`.
    pub(crate) fn usage(&self) -> String {
        let names: Vec<_> = self.params.iter().map(|(name, _)| *name).collect();
        let more = if self.repeats { ", …" } else { "" };
        format!("{}({}{more})", self.name, names.join(", "))
    }

    /// The static type of a call.
    pub(crate) fn result(&self, arguments: &[&Type]) -> Type {
        match &self.returns {
            Returns::Is(ty) => ty.clone(),
            Returns::Texts => Type::List(Box::new(Type::String)),
            Returns::First => arguments.first().map_or(Type::Dynamic, |ty| (*ty).clone()),
            Returns::Element => match arguments {
                [Type::List(of)] => (**of).clone(),
                [first, rest @ ..] => rest
                    .iter()
                    .try_fold((*first).clone(), |all, ty| all.unified(ty))
                    .unwrap_or(Type::Dynamic),
                [] => Type::Dynamic,
            },
        }
    }

    /// Computes it; the arguments are set and as many as it takes.
    pub(crate) fn call<'a>(&self, moment: Moment<'_>, arguments: Vec<Value<'a>>) -> Result<'a> {
        (self.body)(moment, &mut Arguments(arguments.into_iter()))
    }
}

impl Param {
    /// Whether a static type can belong here.
    pub(crate) fn accepts(self, ty: &Type) -> bool {
        match (self, ty) {
            (_, Type::Dynamic) => true,
            (Self::Single, ty) => !matches!(ty, Type::List(_) | Type::Object(_)),
            (Self::Text, ty) => ty.is_text(),
            (Self::Int, ty) => *ty == Type::Int,
            (Self::Decimal, ty) => matches!(ty, Type::Int | Type::Decimal),
            (Self::Time, ty) => *ty == Type::Time,
            (Self::Day, ty) => matches!(ty, Type::Time | Type::Date),
            (Self::List, ty) => matches!(ty, Type::List(_)),
            (Self::Sized, ty) => ty.is_text() || matches!(ty, Type::List(_) | Type::Object(_)),
            (Self::Ordered, ty) => ty.is_ordered() || matches!(ty, Type::List(_)),
        }
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "a single value",
            Self::Text => "text",
            Self::Int => "an integer",
            Self::Decimal => "a decimal",
            Self::Time => "a time",
            Self::Day => "a time or a date",
            Self::List => "a list",
            Self::Sized => "text, a list or an object",
            Self::Ordered => "numbers, texts, dates or times",
        })
    }
}

/// The arguments of a call, taken one after the other.
pub(crate) struct Arguments<'a>(std::vec::IntoIter<Value<'a>>);

impl<'a> Arguments<'a> {
    fn next(&mut self) -> Value<'a> {
        self.0.next().unwrap_or(Value::Unset("an argument"))
    }

    fn text(&mut self) -> std::result::Result<std::borrow::Cow<'a, str>, EvaluationError> {
        match self.next() {
            Value::Text(text) => Ok(text),
            other => Err(other.mismatch("text")),
        }
    }

    fn int(&mut self) -> std::result::Result<i64, EvaluationError> {
        match self.next() {
            Value::Int(value) => Ok(value),
            other => Err(other.mismatch("an integer")),
        }
    }

    fn list(&mut self) -> std::result::Result<Vec<Value<'a>>, EvaluationError> {
        self.next().elements()
    }

    fn rest(&mut self) -> Vec<Value<'a>> {
        self.0.by_ref().collect()
    }
}

fn domain(reason: impl Into<String>) -> EvaluationError {
    EvaluationError::Domain(reason.into())
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// All names, for "did you mean".
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name)
}

/// Every function of the dialect.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    let tables: [&'static [Function]; 5] = [
        &convert::TABLE,
        &lists::TABLE,
        &numbers::TABLE,
        &text::TABLE,
        &times::TABLE,
    ];
    tables.into_iter().flatten()
}
