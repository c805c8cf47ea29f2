//! `<name>.source.yaml`.

use super::field::MAPPED;
use crate::suppression::Channel;
use crate::verify::{Digest, Encoding};

use super::{Grammar, Shape, grammar, optional, required};

static VERIFY: Grammar = grammar(
    "`verify`",
    &[&[
        required("scheme", Shape::Text),
        optional("secret", Shape::OneOrList(&Shape::Name)),
        optional("tolerance", Shape::Duration),
        optional("header", Shape::Text),
        optional("digest", Shape::Word(Digest::NAMES, &[])),
        optional("encoding", Shape::Word(Encoding::NAMES, &[])),
        optional("prefix", Shape::Text),
        optional("timestamp", Shape::Text),
    ]],
);

static CHALLENGE: Grammar = grammar(
    "a challenge",
    &[&[
        required("if", Shape::Logic),
        required("reply", Shape::Logic),
    ]],
);

static OPT_OUT: Grammar = grammar(
    "`opt_out`",
    &[&[
        required("channel", Shape::Word(&Channel::WORDS, &[])),
        required("address", Shape::Logic),
        required("stop", Shape::Logic),
        required("start", Shape::Logic),
        optional("at", Shape::Logic),
    ]],
);

static MAPPING: Grammar = grammar(
    "a record of a source",
    &[&[
        required("as", Shape::Name),
        required("type", Shape::Name),
        optional("if", Shape::Logic),
        optional("by", Shape::Word(&["key", "also"], &[])),
        optional("create", Shape::Boolean),
        optional("owns", Shape::Boolean),
        required("map", Shape::Map(&Shape::Logic)),
    ]],
);

static FILE: Grammar = grammar("a schema", &[&[required("file", Shape::Text)]]);

pub(crate) static SOURCE: Grammar = grammar(
    "a source",
    &[&[
        required("source", Shape::Name),
        required(
            "verify",
            Shape::ScalarOr(&Shape::Word(&["none"], &[]), &Shape::Object(&VERIFY)),
        ),
        optional("accept", Shape::Logic),
        optional("split", Shape::Logic),
        optional("schema", Shape::Object(&FILE)),
        required("event", Shape::Logic),
        required("id", Shape::Logic),
        optional("data", Shape::Map(&Shape::Object(&MAPPED))),
        optional("records", Shape::List(&Shape::Object(&MAPPING))),
        optional("receipt", Shape::Logic),
        optional("challenge", Shape::Object(&CHALLENGE)),
        optional("opt_out", Shape::Object(&OPT_OUT)),
        optional("echoes", Shape::Boolean),
    ]],
);
