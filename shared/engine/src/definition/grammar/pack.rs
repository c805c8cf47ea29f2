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

static HOURS: Grammar = grammar(
    "hours",
    &[&[
        required("tz", Shape::Text),
        required("open", Shape::Map(&Shape::OneOrList(&Shape::Text))),
        optional("holidays", Shape::OneOrList(&Shape::Text)),
    ]],
);

pub(crate) static PACK: Grammar = grammar(
    "a pack",
    &[&[
        required("pack", Shape::Name),
        optional("config", Shape::Map(&Shape::Object(&PLAIN))),
        optional("hours", Shape::Map(&Shape::Object(&HOURS))),
        later("roles"),
        optional("alerts", Shape::Object(&ALERTS)),
    ]],
);
