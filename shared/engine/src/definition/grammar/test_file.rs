//! `<name>.test.yaml`.

use super::{Grammar, Shape, grammar, later, optional, required};

static GIVEN: Grammar = grammar(
    "a given record",
    &[&[
        required("record", Shape::Name),
        required("fields", Shape::Map(&Shape::Any)),
    ]],
);

static REPLY: Grammar = grammar(
    "a reply",
    &[&[
        required("status", Shape::Integer),
        optional("headers", Shape::Map(&Shape::Text)),
        optional("body", Shape::Any),
    ]],
);

const REPLY_SHAPE: Shape = Shape::ScalarOr(
    &Shape::Word(&["timeout", "reset", "drop"], &[]),
    &Shape::Object(&REPLY),
);

static ACTION: Grammar = Grammar {
    what: "something to do",
    keys: &[&[
        optional("event", Shape::Text),
        optional("advance", Shape::Span),
        later("act"),
        later("link"),
        later("of"),
        later("decide"),
    ]],
    one_of: &["event", "advance"],
};

pub(crate) static TEST: Grammar = grammar(
    "a test",
    &[&[
        required("test", Shape::Text),
        optional("now", Shape::Text),
        optional("config", Shape::Map(&Shape::Any)),
        optional("given", Shape::List(&Shape::Object(&GIVEN))),
        optional("replies", Shape::Map(&Shape::List(&REPLY_SHAPE))),
        required("do", Shape::List(&Shape::Object(&ACTION))),
        required("expect", Shape::List(&Shape::Map(&Shape::Any))),
    ]],
);
