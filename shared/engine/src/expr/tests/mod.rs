//! A pack's environment and scope, shared by the tests of expressions and templates.

mod hostile;
mod mistakes;
mod results;
mod rules;
mod templates;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::{Environment, EvaluationError, Expression, Mistake, Scope, Type};
use crate::name::RecordType;

pub(super) use results::sources;

pub(super) fn record_type(name: &str) -> RecordType {
    RecordType::new(name).unwrap()
}

pub(super) fn object<const N: usize>(members: [(&str, Type); N]) -> Type {
    let members = members.map(|(name, ty)| (name.to_owned(), ty));
    Type::Object(Arc::new(members.into()))
}

fn list(of: Type) -> Type {
    Type::List(Box::new(of))
}

fn appointment() -> Type {
    object([
        ("amount", Type::Decimal),
        ("count", Type::Int),
        ("stage", Type::String),
        ("active", Type::Bool),
        ("starts_at", Type::Time),
        ("due", Type::Date),
        ("grace", Type::Duration),
        ("tags", list(Type::String)),
        (
            "lines",
            list(object([("price", Type::Decimal), ("sku", Type::String)])),
        ),
        ("visits", list(Type::Time)),
        ("nickname", Type::String),
        ("fee", Type::Decimal),
        ("patient", Type::Ref(record_type("patient"))),
    ])
}

pub(super) fn environment() -> Environment {
    let account = object([
        ("name", Type::String),
        ("owner", Type::Ref(record_type("patient"))),
    ]);
    let patient = object([
        ("phone", Type::String),
        ("name", Type::String),
        ("born", Type::Date),
        ("account", Type::Ref(record_type("account"))),
    ]);
    let steps = object([
        ("book", object([("refused", Type::Bool)])),
        ("check", object([("score", Type::Int)])),
    ]);
    let roots = [
        ("record", appointment()),
        ("body", Type::Dynamic),
        ("steps", steps),
        ("patient", Type::Ref(record_type("patient"))),
        ("item", Type::Dynamic),
    ];
    Environment {
        roots: roots.map(|(name, ty)| (name.to_owned(), ty)).into(),
        records: Arc::new(
            [
                (record_type("account"), account),
                (record_type("patient"), patient),
            ]
            .into(),
        ),
        refused: [("steps.confirm".to_owned(), "it is an async step".to_owned())].into(),
    }
}

/// The values that scopes in tests are made of.
pub(super) struct World {
    roots: Vec<(&'static str, Json)>,
    refs: BTreeMap<String, Json>,
    tz: TimeZone,
}

pub(super) fn world() -> World {
    let record = json!({
        "amount": "50000.50", "count": 3, "stage": "open", "active": true, "fee": null,
        "starts_at": "2026-11-20T15:30:00Z", "due": "2026-11-20", "grace": "2d",
        "tags": ["b", "a", "vip"], "visits": ["2026-01-05T10:00:00Z", "2026-03-01T09:00:00Z"],
        "lines": [{ "price": "10.10", "sku": "A" }, { "price": "2.90", "sku": "B" }],
        "patient": "p1",
    });
    let body = json!({
        "event": "invitee.created", "id": 42, "ratio": 1.5, "price": "12.50", "none": null,
        "items": [{ "n": 2, "name": "x" }, { "n": 1 }], "nested": { "deep": { "leaf": "yes" } },
        "text": "  Ann Lee ", "at": 1_750_000_000, "when": "2026-11-20T00:00:00Z", "flag": true,
    });
    let patient =
        json!({ "phone": "+12025550123", "name": "Ann", "born": "1990-02-03", "account": "a1" });
    World {
        roots: vec![
            ("record", record),
            ("body", body),
            ("steps", json!({ "book": { "refused": false } })),
            ("patient", json!("p1")),
        ],
        refs: [
            ("record.patient".to_owned(), patient.clone()),
            ("patient".to_owned(), patient),
            (
                "record.patient.account".to_owned(),
                json!({ "name": "Lee & Co" }),
            ),
        ]
        .into(),
        tz: TimeZone::get("America/New_York").unwrap(),
    }
}

impl World {
    pub(super) fn with<T>(&self, then: impl FnOnce(&Scope<'_>) -> T) -> T {
        let roots: Vec<_> = self
            .roots
            .iter()
            .map(|(name, json)| (*name, json))
            .collect();
        then(&Scope {
            roots: &roots,
            refs: &self.refs,
            now: "2026-11-20T12:00:00Z".parse().unwrap(),
            tz: &self.tz,
        })
    }
}

fn compile(source: &str) -> Expression {
    match Expression::compile(source, &environment(), None) {
        Ok(expression) => expression,
        Err(mistakes) => panic!("{source}: {mistakes:?}"),
    }
}

fn mistakes(source: &str) -> Vec<Mistake> {
    Expression::compile(source, &environment(), None).expect_err(source)
}

fn evaluate(source: &str) -> Result<Option<Json>, EvaluationError> {
    world().with(|scope| compile(source).evaluate(scope))
}
