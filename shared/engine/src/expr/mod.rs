//! Expressions and templates of definitions: compiled and type-checked at load, evaluated on
//! plain JSON.
//!
//! The scope is JSON; the types live in the compiled expression. A path such as
//! `event.data.starts_at` is a pointer walk whose last value is read by its declared type.

mod check;
pub mod duration;
mod eval;
mod expression;
mod functions;
mod ir;
mod parse;
mod reads;
mod resolve;
mod template;
#[cfg(test)]
mod tests;
mod ty;
mod value;

pub use expression::{Expression, RefRead};
pub use template::Template;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::name::RecordType;

/// The type of a value, as far as a definition declares it.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Undeclared JSON: checked when it is evaluated.
    Dynamic,
    /// `true` or `false`.
    Bool,
    /// A 64-bit signed integer.
    Int,
    /// A binary floating-point number: only undeclared JSON holds one.
    Double,
    /// An exact decimal; JSON text such as `"12.50"`.
    Decimal,
    /// Text.
    String,
    /// A calendar date; JSON text `2026-11-20`.
    Date,
    /// A point in time; JSON text in RFC 3339.
    Time,
    /// A span of time; JSON text such as `5m`.
    Duration,
    /// A list whose elements have one type.
    List(Box<Type>),
    /// An object with declared members; reading another member is a compile error.
    Object(Arc<BTreeMap<String, Type>>),
    /// A reference to a record; JSON text, the record's id. A member is a strong read.
    Ref(RecordType),
}

/// What an expression may name, and with which types.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The roots in scope: `event`, `record`, `steps`, `config`, names of `let`.
    pub roots: BTreeMap<String, Type>,
    /// The members of each record type, for reads through a reference.
    pub records: Arc<BTreeMap<RecordType, Type>>,
    /// Names that exist but may not be read here, with the reason: an async step, say. A second
    /// line says what to write instead.
    pub refused: BTreeMap<String, String>,
}

/// A mistake found when compiling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Byte range in the source text.
    pub span: std::ops::Range<usize>,
    /// What is wrong, as a sentence fragment: "`recrod` is not in scope here".
    pub message: String,
    /// What would be right: "did you mean `record`?".
    pub help: Option<String>,
}

/// Where an expression reads its values from.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The value of each root; an absent root is unset.
    pub roots: &'a [(&'a str, &'a Json)],
    /// What the strong reads returned: `record.patient` → the members of that record.
    pub refs: &'a BTreeMap<String, Json>,
    /// The recorded time, so that a retry sees the same.
    pub now: Timestamp,
    /// The tenant's time zone, `config.tz`.
    pub tz: &'a TimeZone,
}

/// Why an evaluation has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// An operator or a template read a value that is unset or null.
    #[error("`{path}` is unset")]
    UnsetValue {
        /// The path as written.
        path: String,
    },
    /// Undeclared JSON had another type than the operation needs.
    #[error("{0}")]
    Type(String),
    /// The operation has no result: division by zero, an overflow, an impossible date.
    #[error("{0}")]
    Domain(String),
}

impl EvaluationError {
    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsetValue { .. } => "UnsetValue",
            Self::Type(_) => "WrongType",
            Self::Domain(_) => "NoSuchValue",
        }
    }
}
