//! The grammar as JSON Schema, for editors.

use serde_json::{Map, Value as Json, json};

use super::{Grammar, Need, Shape, field};

/// JSON Schemas of the definition kinds: `pack`, `record`, `source`, `connection`, `workflow`
/// and `test`.
#[must_use]
pub fn schema() -> Json {
    let kinds = [
        ("pack", &super::PACK),
        ("record", &super::RECORD),
        ("source", &super::SOURCE),
        ("connection", &super::CONNECTION),
        ("workflow", &super::WORKFLOW),
        ("test", &super::TEST),
    ];
    kinds
        .into_iter()
        .map(|(kind, grammar)| (kind.to_owned(), document(grammar)))
        .collect()
}

fn document(grammar: &Grammar) -> Json {
    let mut schema = object(grammar);
    if let Some(members) = schema.as_object_mut() {
        members.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        members.insert(
            "$defs".to_owned(),
            json!({ "field": object(&field::PLAIN) }),
        );
    }
    schema
}

fn object(grammar: &Grammar) -> Json {
    let usable = grammar
        .each()
        .filter(|key| matches!(key.need, Need::Required | Need::Optional));
    let properties: Map<_, _> = usable
        .clone()
        .map(|key| (key.name.to_owned(), of(key.shape)))
        .collect();
    let required: Vec<_> = usable
        .filter(|key| key.need == Need::Required)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let choice: Vec<_> = grammar
        .one_of
        .iter()
        .map(|key| json!({ "required": [key] }))
        .collect();
    if let (Some(members), false) = (schema.as_object_mut(), choice.is_empty()) {
        members.insert("oneOf".to_owned(), Json::Array(choice));
    }
    schema
}

fn of(shape: Shape) -> Json {
    match shape {
        Shape::Name => json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Word(words, _) => json!({ "enum": words }),
        Shape::Logic => {
            json!({ "type": ["string", "boolean", "number"], "description": "a CEL expression" })
        }
        Shape::Value => json!({ "description": "a literal, `=expression`, or a template" }),
        Shape::Any => json!({}),
        Shape::Duration => json!({ "type": "string", "pattern": "^[0-9]+(s|m|h|d|w)$" }),
        Shape::Span => json!({ "type": "string", "pattern": "^-?[0-9]+(s|m|h|d|w|mo|y)$" }),
        Shape::Ahead => json!({ "type": "string", "pattern": "^[0-9]+(s|m|h|d|w|mo|y)$" }),
        Shape::Rate => json!({ "type": "string", "pattern": "^[0-9]+/(s|m|h|d)$" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer => json!({ "type": "integer" }),
        Shape::Number => json!({ "type": "number" }),
        Shape::List(inner) => json!({ "type": "array", "items": of(*inner) }),
        Shape::OneOrList(inner) => {
            json!({ "anyOf": [of(*inner), { "type": "array", "items": of(*inner) }] })
        }
        Shape::Map(inner) => json!({ "type": "object", "additionalProperties": of(*inner) }),
        Shape::Object(grammar) => object(grammar),
        Shape::ScalarOr(scalar, other) => json!({ "anyOf": [of(*scalar), of(*other)] }),
        Shape::FieldOrFields => {
            let field = json!({ "$ref": "#/$defs/field" });
            json!({ "anyOf": [field, { "type": "object", "additionalProperties": field }] })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_schema_that_names_its_keys() {
        let schema = schema();
        let keys: Vec<_> = schema.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            ["pack", "record", "source", "connection", "workflow", "test"]
        );
        assert_eq!(
            schema["workflow"]["properties"]["severity"]["enum"][0],
            "P1"
        );
        assert_eq!(schema["workflow"]["properties"]["cooldown"], Json::Null);
        let outcome = &schema["workflow"]["properties"]["outcome"];
        assert_eq!(outcome["required"], json!(["expect", "within"]));
        assert_eq!(outcome["properties"]["target"], Json::Null);
        assert_eq!(schema["record"]["required"][1], "key");
    }
}
