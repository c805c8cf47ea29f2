//! The grammar of definition files as data: one table says which keys there are, checks a file
//! against them, and becomes the JSON Schema of editors.

mod connection;
mod describe;
mod field;
mod pack;
mod record;
mod schema;
mod source;
mod step;
mod test_file;
mod validate;
mod workflow;

pub(crate) use connection::CONNECTION;
pub(crate) use pack::PACK;
pub(crate) use record::RECORD;
pub use schema::schema;
pub(crate) use source::SOURCE;
pub(crate) use step::UPDATE_RECORD;
pub(crate) use test_file::TEST;
pub(crate) use validate::validate;
pub(crate) use workflow::WORKFLOW;

/// The keys of one mapping.
#[derive(Debug)]
pub(crate) struct Grammar {
    /// What the mapping is, with its article: "a workflow".
    pub(crate) what: &'static str,
    /// The keys, in groups that several grammars may share.
    pub(crate) keys: &'static [&'static [Key]],
    /// Exactly one of these must be there; empty: no such rule.
    pub(crate) one_of: &'static [&'static str],
}

/// A key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) need: Need,
    pub(crate) shape: Shape,
}

/// Whether a key must, may or must not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
    /// Part of the language, but not built yet.
    Later,
    /// Belongs elsewhere; says where, or what to do instead.
    Misplaced(&'static str),
}

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Name,
    Text,
    /// One of the first words; the second ones are not built yet.
    Word(&'static [&'static str], &'static [&'static str]),
    /// CEL without a mark.
    Logic,
    /// A literal, `=expression` or template, or a structure of these.
    Value,
    /// An exact, positive duration.
    Duration,
    /// A duration that may be negative or of calendar units.
    Span,
    /// A positive duration, exact or of calendar units, that is added to a time.
    Ahead,
    /// Calls in a time, as `8/s`.
    Rate,
    Boolean,
    Integer,
    Number,
    /// A literal of any type.
    Any,
    List(&'static Shape),
    OneOrList(&'static Shape),
    /// A mapping with keys of the author's choice.
    Map(&'static Shape),
    Object(&'static Grammar),
    /// The first for a scalar, the second for everything else.
    ScalarOr(&'static Shape, &'static Shape),
    /// A field, or a mapping of fields.
    FieldOrFields,
}

impl Grammar {
    pub(crate) fn each(&self) -> impl Iterator<Item = &'static Key> + Clone + use<> {
        self.keys.iter().flat_map(|group| group.iter())
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.each().find(|key| key.name == name)
    }
}

const fn grammar(what: &'static str, keys: &'static [&'static [Key]]) -> Grammar {
    Grammar {
        what,
        keys,
        one_of: &[],
    }
}

const fn required(name: &'static str, shape: Shape) -> Key {
    Key {
        name,
        need: Need::Required,
        shape,
    }
}

const fn optional(name: &'static str, shape: Shape) -> Key {
    Key {
        name,
        need: Need::Optional,
        shape,
    }
}

const fn later(name: &'static str) -> Key {
    Key {
        name,
        need: Need::Later,
        shape: Shape::Any,
    }
}

const fn misplaced(name: &'static str, why: &'static str) -> Key {
    Key {
        name,
        need: Need::Misplaced(why),
        shape: Shape::Any,
    }
}
