//! `STEP`, and the `with` of `update-record`.

use super::connection::LADDER;
use super::field::MAPPED;
use super::{Grammar, Key, Shape, grammar, later, misplaced, optional, required};

static ONCE: Grammar = grammar(
    "`once`",
    &[&[
        required("key", Shape::Logic),
        optional("for", Shape::Duration),
    ]],
);

static BATCH: Grammar = grammar(
    "`batch`",
    &[&[
        required("window", Shape::Duration),
        required("max", Shape::Integer),
    ]],
);

static PAGES: Grammar = grammar(
    "`pages`",
    &[&[
        required("next", Shape::Logic),
        required("items", Shape::Logic),
        required("into", Shape::Text),
        required("max", Shape::Integer),
    ]],
);
static FOUND: Grammar = grammar("`each`", &[&[later("find"), later("batch"), later("max")]]);

static COMMON: &[Key] = &[
    required("uses", Shape::Name),
    optional("via", Shape::Name),
    optional("with", Shape::Map(&Shape::Value)),
    optional("if", Shape::Logic),
    optional("rate", Shape::Rate),
    optional("hours", Shape::Name),
    optional("timeout", Shape::Duration),
    optional("returns", Shape::Map(&Shape::Object(&MAPPED))),
    later("confidence"),
    later("poll"),
    optional("pages", Shape::Object(&PAGES)),
    optional("retry", LADDER),
    optional(
        "unknown",
        Shape::Word(&["review", "retry", "fallback"], &[]),
    ),
    optional("refused", Shape::Word(&["fail", "continue", "stop"], &[])),
    later("empty"),
    later("within"),
    later("wait"),
];

static ONLY_ONCE: &[Key] = &[optional(
    "once",
    Shape::ScalarOr(&Shape::Logic, &Shape::Object(&ONCE)),
)];

pub(super) static STEP: Grammar = grammar(
    "a step",
    &[
        &[
            required("id", Shape::Name),
            optional("async", Shape::Boolean),
            optional("fallback", Shape::List(&Shape::Object(&FALLBACK))),
            optional("compensate", Shape::Object(&COMPENSATION)),
            optional("batch", Shape::Object(&BATCH)),
            optional("expires", Shape::Value),
            optional(
                "each",
                Shape::ScalarOr(&Shape::Value, &Shape::Object(&FOUND)),
            ),
        ],
        ONLY_ONCE,
        COMMON,
    ],
);

static FALLBACK: Grammar = grammar(
    "a fallback",
    &[
        ONLY_ONCE,
        COMMON,
        &[
            misplaced("id", "a fallback has the id of its step: remove `id`"),
            misplaced(
                "async",
                "a fallback is as asynchronous as its step: remove `async`",
            ),
            misplaced(
                "fallback",
                "fallbacks are tried in order: add it to the step's list",
            ),
            misplaced(
                "expires",
                "a fallback is too late when its step is: move it to the step",
            ),
            misplaced(
                "each",
                "a fallback is for the element that its step failed for: remove `each`",
            ),
            misplaced(
                "batch",
                "a step that is called for many has no fallback: remove `batch`",
            ),
            misplaced(
                "compensate",
                "one compensation undoes whichever of the alternatives succeeded: move it to the step",
            ),
        ],
    ],
);

static COMPENSATION: Grammar = grammar(
    "a compensation",
    &[
        COMMON,
        &[
            misplaced("id", "a compensation has the id of its step: remove `id`"),
            misplaced(
                "async",
                "the next compensation waits for this one: remove `async`",
            ),
            misplaced(
                "fallback",
                "a compensation that fails is for a person to decide: remove `fallback`",
            ),
            misplaced(
                "compensate",
                "a compensation is not undone: remove `compensate`",
            ),
            misplaced(
                "expires",
                "what was done is undone however late it is: remove `expires`",
            ),
            misplaced("each", "a compensation undoes one step: remove `each`"),
            misplaced("batch", "each step is undone by itself: remove `batch`"),
            misplaced(
                "once",
                "a compensation happens once for each step that it undoes: remove `once`",
            ),
        ],
    ],
);

static TARGET: Grammar = grammar(
    "a target",
    &[&[
        required("type", Shape::Name),
        required("key", Shape::List(&Shape::Value)),
        optional("create", Shape::Boolean),
    ]],
);

pub(crate) static UPDATE_RECORD: Grammar = grammar(
    "`with` of update-record",
    &[&[
        optional(
            "record",
            Shape::ScalarOr(&Shape::Value, &Shape::Object(&TARGET)),
        ),
        optional("status", Shape::Value),
        optional("set", Shape::Map(&Shape::Value)),
        optional("guard", Shape::Logic),
        optional("delete", Shape::Boolean),
    ]],
);
