//! `<name>.record.yaml`.

use super::field::RECORD_FIELD;
use super::{Grammar, Shape, grammar, later, optional, required};

static TRANSITION: Grammar = grammar(
    "a transition",
    &[&[
        required("from", Shape::OneOrList(&Shape::Text)),
        required("to", Shape::Text),
        required("by", Shape::OneOrList(&Shape::Text)),
    ]],
);

static INVARIANT: Grammar = grammar(
    "an invariant",
    &[&[
        required("rule", Shape::Logic),
        required("message", Shape::Text),
    ]],
);

static DUPLICATES: Grammar = grammar(
    "`duplicates`",
    &[&[
        required("by", Shape::OneOrList(&Shape::Text)),
        optional("above", Shape::Number),
    ]],
);

pub(crate) static RECORD: Grammar = grammar(
    "a record",
    &[&[
        required("record", Shape::Name),
        required("key", Shape::OneOrList(&Shape::Text)),
        optional("also", Shape::OneOrList(&Shape::Text)),
        optional("duplicates", Shape::Object(&DUPLICATES)),
        required("fields", Shape::Map(&Shape::Object(&RECORD_FIELD))),
        required("states", Shape::List(&Shape::Text)),
        required("initial", Shape::Text),
        required("transitions", Shape::List(&Shape::Object(&TRANSITION))),
        optional("invariants", Shape::List(&Shape::Object(&INVARIANT))),
        later("indexes"),
    ]],
);
