//! `<name>.connection.yaml`.

use super::{Grammar, Shape, grammar, later, optional, required};
use crate::definition::model::Treatment;

static BASIC: Grammar = grammar(
    "`basic`",
    &[&[
        required("user", Shape::Text),
        required("secret", Shape::Name),
    ]],
);

static HEADER: Grammar = grammar(
    "`header`",
    &[&[
        required("name", Shape::Text),
        required("secret", Shape::Name),
    ]],
);

static OAUTH2: Grammar = grammar(
    "`oauth2`",
    &[&[
        required("token_url", Shape::Value),
        required("client_id", Shape::Value),
        required("secret", Shape::Name),
        optional("refresh", Shape::Name),
        optional("scopes", Shape::OneOrList(&Shape::Text)),
        optional("credentials", Shape::Word(&["header", "body"], &[])),
    ]],
);

static AUTH: Grammar = Grammar {
    what: "`auth`",
    keys: &[&[
        optional("bearer", Shape::Name),
        optional("basic", Shape::Object(&BASIC)),
        optional("header", Shape::Object(&HEADER)),
        optional("oauth2", Shape::Object(&OAUTH2)),
    ]],
    one_of: &["bearer", "basic", "header", "oauth2"],
};

static IDEMPOTENCY: Grammar = grammar(
    "`idempotency`",
    &[&[
        required("header", Shape::Text),
        required("window", Shape::Duration),
    ]],
);

static SANDBOX: Grammar = grammar(
    "`sandbox`",
    &[&[
        optional("status", Shape::Integer),
        optional("body", Shape::Any),
        optional("idempotent", Shape::Boolean),
    ]],
);

pub(crate) const LADDER: Shape = Shape::ScalarOr(
    &Shape::Word(&["standard", "quick"], &[]),
    &Shape::List(&Shape::Duration),
);

static TREATMENT: Shape = Shape::Word(&Treatment::WORDS, &[]);

pub(crate) static CONNECTION: Grammar = grammar(
    "a connection",
    &[&[
        required("connection", Shape::Name),
        required(
            "kind",
            Shape::Word(
                &["http", "twilio", "smtp", "ses", "slack", "sandbox"],
                &["model"],
            ),
        ),
        optional("url", Shape::Value),
        optional("account", Shape::Value),
        optional("from", Shape::Value),
        optional("private", Shape::Boolean),
        later("model"),
        optional("auth", Shape::Object(&AUTH)),
        optional("timeout", Shape::Duration),
        optional("rate", Shape::Rate),
        optional("price", Shape::Number),
        optional("hours", Shape::Name),
        optional("retry", LADDER),
        optional("treat", Shape::Map(&TREATMENT)),
        optional("idempotency", Shape::Object(&IDEMPOTENCY)),
        optional("receipts", Shape::Name),
        optional("sandbox", Shape::Object(&SANDBOX)),
    ]],
);
