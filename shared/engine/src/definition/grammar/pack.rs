//! `pack.yaml`.

use super::field::PLAIN;
use super::{Grammar, Shape, grammar, later, optional, required};

static ALERTS: Grammar = grammar(
    "`alerts`",
    &[&[
        optional("slack", Shape::Name),
        optional("sms", Shape::Name),
        optional("phones", Shape::List(&Shape::Value)),
    ]],
);

pub(crate) static PACK: Grammar = grammar(
    "a pack",
    &[&[
        required("pack", Shape::Name),
        optional("config", Shape::Map(&Shape::Object(&PLAIN))),
        later("hours"),
        later("roles"),
        optional("alerts", Shape::Object(&ALERTS)),
    ]],
);
