//! `<name>.workflow.yaml`.

use super::step::STEP;
use super::{Grammar, Shape, grammar, later, optional, required};

static RECORD_TRIGGER: Grammar = grammar(
    "a record trigger",
    &[&[
        required("type", Shape::Name),
        required("on", Shape::Word(&["created", "updated", "deleted"], &[])),
        optional("field", Shape::Text),
        optional("from", Shape::Any),
        optional("to", Shape::Any),
        optional("changed", Shape::OneOrList(&Shape::Text)),
    ]],
);

static TRIGGER: Grammar = Grammar {
    what: "a trigger",
    keys: &[&[
        optional("event", Shape::Text),
        optional("of", Shape::Name),
        optional("record", Shape::Object(&RECORD_TRIGGER)),
        later("schedule"),
        later("tz"),
        later("after"),
        later("link"),
        later("act"),
    ]],
    one_of: &["event", "record"],
};

static LOOKUP: Grammar = grammar(
    "a condition",
    &[&[later("lookup"), later("as"), later("if")]],
);

const CONDITION: Shape = Shape::ScalarOr(&Shape::Logic, &Shape::Object(&LOOKUP));

static EXPECTED: Grammar = grammar(
    "what an outcome expects",
    &[&[
        required("record", Shape::Logic),
        later("http"),
        later("status"),
    ]],
);

static OUTCOME: Grammar = grammar(
    "an outcome",
    &[&[
        required(
            "expect",
            Shape::ScalarOr(&Shape::Text, &Shape::Object(&EXPECTED)),
        ),
        required("within", Shape::Ahead),
        later("target"),
    ]],
);

pub(crate) static WORKFLOW: Grammar = grammar(
    "a workflow",
    &[&[
        required("workflow", Shape::Name),
        required("description", Shape::Text),
        required("owner", Shape::Text),
        required("severity", Shape::Word(&["P1", "P2", "P3"], &[])),
        optional("trigger", Shape::OneOrList(&Shape::Object(&TRIGGER))),
        later("input"),
        later("output"),
        optional("let", Shape::Map(&Shape::Logic)),
        optional("when", Shape::OneOrList(&CONDITION)),
        optional("while", Shape::Logic),
        later("cooldown"),
        later("overlap"),
        optional("bulk", Shape::Word(&["each", "batch", "skip"], &[])),
        optional("deadline", Shape::Ahead),
        required("steps", Shape::List(&Shape::Object(&STEP))),
        optional("outcome", Shape::Object(&OUTCOME)),
        later("fitness"),
    ]],
);
