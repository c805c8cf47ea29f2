//! The JSON Schema of a source's whole payload.

use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;

use crate::field::{Rule, Violation};

/// The most mistakes of one payload that are told.
const MAX_VIOLATIONS: usize = 50;

/// What is shown instead of a value: a schema does not say which ones are personal.
const MASK: &str = "***";

/// The keywords that refer to other schemas.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// A schema that payloads are held against. It is compiled once: when it is checked, or else for
/// the first payload.
#[derive(Debug)]
pub struct PayloadSchema {
    schema: Json,
    compiled: OnceLock<Option<Validator>>,
}

/// What is wrong with a schema, and where: a JSON pointer into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSchema {
    /// Stable code of the diagnostic.
    pub code: &'static str,
    /// Where.
    pub pointer: String,
    /// What.
    pub message: String,
}

impl PayloadSchema {
    /// Compiles a schema. It stands for itself: nothing is fetched.
    ///
    /// # Errors
    /// [`BadSchema`] when it is no schema, or refers to another file.
    pub fn compile(schema: Json) -> Result<Self, BadSchema> {
        if let Some((pointer, target)) = outward(&schema, "") {
            let message = format!("the schema refers to `{target}`, which is not in this file");
            let code = "RemoteReference";
            return Err(BadSchema {
                code,
                pointer,
                message,
            });
        }
        let validator = validator(&schema).map_err(|error| BadSchema {
            code: "InvalidSchema",
            pointer: error.instance_path().to_string(),
            message: error.to_string(),
        })?;
        Ok(Self {
            compiled: Some(validator).into(),
            schema,
        })
    }

    /// A schema that was compiled before.
    #[must_use]
    pub fn believed(schema: Json) -> Self {
        Self {
            compiled: OnceLock::new(),
            schema,
        }
    }

    /// What is wrong with a payload, from `body` on.
    #[must_use]
    pub fn violations(&self, body: &Json) -> Vec<Violation> {
        let compiled = self.compiled.get_or_init(|| validator(&self.schema).ok());
        let Some(validator) = compiled else {
            return vec![unusable()];
        };
        let errors = validator.iter_errors(body).take(MAX_VIOLATIONS);
        errors.map(|error| violation(&error)).collect()
    }
}

fn validator(schema: &Json) -> Result<Validator, ValidationError<'_>> {
    jsonschema::options()
        .should_validate_formats(true)
        // A pattern that goes back and forth could take for ever on what somebody sends.
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
}

/// Nothing passes a schema that was believed and is none.
fn unusable() -> Violation {
    Violation {
        path: "body".to_owned(),
        rule: Rule::Schema,
        expected: "a payload that fits a schema which does not compile".to_owned(),
        actual: MASK.to_owned(),
        hint: Some("check the pack, and publish it again".to_owned()),
    }
}

/// The first reference that leads out of a schema, and where it stands.
fn outward(schema: &Json, at: &str) -> Option<(String, String)> {
    match schema {
        Json::Object(members) => members.iter().find_map(|(name, value)| {
            let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            match value {
                Json::String(target)
                    if REFERENCES.contains(&name.as_str()) && !target.starts_with('#') =>
                {
                    Some((at, target.clone()))
                }
                inner => outward(inner, &at),
            }
        }),
        Json::Array(elements) => {
            let mut elements = elements.iter().enumerate();
            elements.find_map(|(index, inner)| outward(inner, &format!("{at}/{index}")))
        }
        _ => None,
    }
}

fn violation(error: &ValidationError<'_>) -> Violation {
    let mut path = path(error.instance_path().as_str());
    let mut actual = MASK;
    if let ValidationErrorKind::Required { property } = error.kind() {
        path = format!("{path}.{}", property.as_str().unwrap_or_default());
        actual = "null";
    }
    Violation {
        path,
        rule: rule(error.kind()),
        expected: expected(error),
        actual: actual.to_owned(),
        hint: None,
    }
}

/// A JSON pointer as people write it: `body.lines[2].price`.
fn path(pointer: &str) -> String {
    let mut path = "body".to_owned();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.parse::<usize>().is_ok() {
            path = format!("{path}[{part}]");
        } else {
            path = format!("{path}.{part}");
        }
    }
    path
}

fn rule(kind: &ValidationErrorKind) -> Rule {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Required { .. } => Rule::Required,
        Kind::Type { .. } => Rule::Type,
        Kind::Format { .. } => Rule::Format,
        Kind::Pattern { .. } => Rule::Pattern,
        Kind::Enum { .. } | Kind::Constant { .. } => Rule::Values,
        Kind::MultipleOf { .. } => Rule::Scale,
        Kind::Minimum { .. }
        | Kind::ExclusiveMinimum { .. }
        | Kind::MinLength { .. }
        | Kind::MinItems { .. }
        | Kind::MinProperties { .. } => Rule::Min,
        Kind::Maximum { .. }
        | Kind::ExclusiveMaximum { .. }
        | Kind::MaxLength { .. }
        | Kind::MaxItems { .. }
        | Kind::MaxProperties { .. } => Rule::Max,
        Kind::AdditionalProperties { .. }
        | Kind::AdditionalItems { .. }
        | Kind::UnevaluatedItems { .. }
        | Kind::UnevaluatedProperties { .. } => Rule::Unknown,
        _ => Rule::Schema,
    }
}

/// What the schema says there, without the value that somebody sent.
fn expected(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    match error.kind() {
        Kind::Required { .. } => "a value".to_owned(),
        Kind::Type {
            kind: TypeKind::Single(ty),
        } => format!("a value of type {ty}"),
        Kind::Enum { options } => format!("one of {options}"),
        Kind::Constant { expected_value } => expected_value.to_string(),
        Kind::Pattern { pattern } => format!("text that matches {pattern}"),
        Kind::Format { format } => format!("text in the format {format}"),
        Kind::Minimum { limit } => format!("{limit} or more"),
        Kind::Maximum { limit } => format!("{limit} or less"),
        Kind::MinLength { limit } => format!("{limit} characters or more"),
        Kind::MaxLength { limit } => format!("{limit} characters or fewer"),
        Kind::MinItems { limit } => format!("{limit} elements or more"),
        Kind::MaxItems { limit } => format!("{limit} elements or fewer"),
        _ => format!("what the schema says at {}", error.schema_path()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compiled(schema: &Json) -> PayloadSchema {
        PayloadSchema::compile(schema.clone()).unwrap()
    }

    fn order() -> Json {
        json!({
            "type": "object",
            "required": ["id", "lines"],
            "additionalProperties": false,
            "properties": {
                "id": { "type": "string", "pattern": "^o[0-9]+$" },
                "email": { "type": "string", "format": "email" },
                "state": { "enum": ["new", "paid"] },
                "lines": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/line" } }
            },
            "$defs": { "line": { "type": "object", "properties": { "price": { "type": "number", "minimum": 0 } } } }
        })
    }

    #[test]
    fn a_payload_that_fits_has_no_violation() {
        let body = json!({ "id": "o1", "email": "a@example.com", "lines": [{ "price": 1.5 }] });
        assert_eq!(compiled(&order()).violations(&body), []);
    }

    #[test]
    fn each_violation_says_where_and_what_and_shows_no_value() {
        let body = json!({
            "id": "x", "email": "ann at home", "state": "odd", "extra": 1,
            "lines": [{ "price": 1 }, { "price": -2 }, { "price": "much" }]
        });
        let mut found: Vec<_> = compiled(&order())
            .violations(&body)
            .into_iter()
            .map(|it| (it.path, it.rule, it.expected, it.actual))
            .collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let row = |path: &str, rule, expected: &str| {
            let masked = "***".to_owned();
            (path.to_owned(), rule, expected.to_owned(), masked)
        };
        assert_eq!(
            found,
            [
                row(
                    "body",
                    Rule::Unknown,
                    "what the schema says at /additionalProperties"
                ),
                row("body.email", Rule::Format, "text in the format email"),
                row("body.id", Rule::Pattern, "text that matches ^o[0-9]+$"),
                row("body.lines[1].price", Rule::Min, "0 or more"),
                row("body.lines[2].price", Rule::Type, "a value of type number"),
                row("body.state", Rule::Values, "one of [\"new\",\"paid\"]"),
            ]
        );
        let missing = compiled(&order()).violations(&json!({ "id": "o1" }));
        assert_eq!(missing.len(), 1);
        assert_eq!(
            (missing[0].path.as_str(), missing[0].rule),
            ("body.lines", Rule::Required)
        );
    }

    #[test]
    fn a_schema_that_leads_elsewhere_or_is_none_is_refused() {
        for (schema, code, pointer) in [
            (
                json!({ "properties": { "a": { "$ref": "https://example.com/a.json" } } }),
                "RemoteReference",
                "/properties/a/$ref",
            ),
            (
                json!({ "allOf": [{}, { "$ref": "other.json#/x" }] }),
                "RemoteReference",
                "/allOf/1/$ref",
            ),
            (
                json!({ "$ref": "file:///etc/passwd" }),
                "RemoteReference",
                "/$ref",
            ),
            (
                json!({ "properties": { "a": { "type": "txt" } } }),
                "InvalidSchema",
                "/properties/a/type",
            ),
        ] {
            let bad = PayloadSchema::compile(schema).unwrap_err();
            assert_eq!(
                (bad.code, bad.pointer.as_str()),
                (code, pointer),
                "{}",
                bad.message
            );
        }
        assert_eq!(
            PayloadSchema::compile(json!({ "$ref": "#/nowhere" }))
                .unwrap_err()
                .code,
            "InvalidSchema"
        );
    }

    #[test]
    fn a_schema_that_is_believed_says_the_same_and_lets_nothing_pass_where_it_is_none() {
        let body = json!({ "id": "x", "lines": [] });
        let believed = PayloadSchema::believed(order());
        assert_eq!(
            believed.violations(&body),
            compiled(&order()).violations(&body)
        );
        let none = PayloadSchema::believed(json!({ "type": "txt" }));
        assert_eq!(none.violations(&body), [unusable()]);
    }

    #[test]
    fn a_property_may_be_called_a_reference() {
        let schema = json!({ "properties": { "$ref": { "type": "string" } } });
        assert_eq!(compiled(&schema).violations(&json!({ "$ref": "x" })), []);
    }

    #[test]
    fn a_pattern_takes_no_longer_on_hostile_text() {
        let schema = json!({ "pattern": "^(a+)+$" });
        let text = Json::String(format!("{}b", "a".repeat(50_000)));
        assert_eq!(compiled(&schema).violations(&text).len(), 1);
    }

    #[test]
    fn what_is_wrong_without_end_is_told_in_part() {
        let schema = json!({ "items": { "type": "string" } });
        let body = Json::Array(vec![json!(1); 10_000]);
        assert_eq!(compiled(&schema).violations(&body).len(), MAX_VIOLATIONS);
    }
}
