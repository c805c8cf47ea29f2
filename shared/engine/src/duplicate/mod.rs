//! Probable duplicates: whether two records mean one and the same, as a score with its reasons.
//!
//! The score is that of Fellegi and Sunter: each field that both records have adds points where it
//! agrees and takes points where it differs, each point being one doubling of the odds. Records
//! start at odds of 1 to 256, so that no field alone is enough. Nothing here merges anything: a
//! person is asked.

mod alike;
mod block;
mod score;
mod sound;

use crate::field::Kind;

pub use block::{Block, blocks};
pub use score::{Compared, Likeness, compare, reachable};

/// The score from which records are probable duplicates, where the definition gives none.
pub const ABOVE: f64 = 0.9;

/// The most fields that are compared.
pub const MAX_FIELDS: usize = 8;

/// How the duplicates of a record type are found.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicates {
    /// The fields that are compared, in the order of the definition.
    pub by: Vec<Clue>,
    /// The score from which a person is asked, between 0 and 1.
    pub above: f64,
}

/// A field that tells who or what a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clue {
    /// The field.
    pub field: String,
    /// How its values are compared.
    pub kind: ClueKind,
    /// Whether its values are masked.
    pub pii: bool,
}

/// How the values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClueKind {
    /// As text: typing errors, the order of words.
    Text,
    /// As a date: a wrong digit, day and month in each other's place.
    Date,
    /// As a phone number: a wrong digit.
    Phone,
    /// As an e-mail address: a wrong character.
    Email,
}

impl ClueKind {
    /// How values of a field's kind are compared; `None`: they say nothing of who it is.
    #[must_use]
    pub fn of(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::String => Some(Self::Text),
            Kind::Date => Some(Self::Date),
            Kind::Phone => Some(Self::Phone),
            Kind::Email => Some(Self::Email),
            _ => None,
        }
    }
}
