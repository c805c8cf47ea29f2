//! JSON Schemas of step inputs and outputs, as far as definitions are checked against them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::expected::words;
use crate::expr::Type;

/// Deeper than any step's input: a recursive schema ends here.
const MAX_DEPTH: usize = 12;

/// A schema within its document, for `$ref`.
#[derive(Clone, Copy)]
pub(super) struct Schema<'a> {
    root: &'a Json,
    node: &'a Json,
    depth: usize,
}

impl<'a> Schema<'a> {
    pub(super) fn new(root: &'a Json) -> Self {
        Self {
            root,
            node: root,
            depth: 0,
        }
        .resolved()
    }

    fn at(self, node: &'a Json) -> Self {
        Self {
            node,
            depth: self.depth + 1,
            ..self
        }
        .resolved()
    }

    /// Follows `$ref`, and the only alternative beside null.
    fn resolved(mut self) -> Self {
        for _ in 0..MAX_DEPTH {
            let next = self.target().or_else(|| self.only_alternative());
            match next {
                Some(node) => self.node = node,
                None => break,
            }
        }
        self
    }

    fn target(self) -> Option<&'a Json> {
        let pointer = self.node.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.root.pointer(pointer)
    }

    fn only_alternative(self) -> Option<&'a Json> {
        match self.alternatives().as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn alternatives(self) -> Vec<&'a Json> {
        let list = ["anyOf", "oneOf", "allOf"]
            .iter()
            .find_map(|key| self.node.get(key)?.as_array());
        let is_null = |schema: &&Json| schema.get("type").is_some_and(|ty| ty == "null");
        list.map_or_else(Vec::new, |list| {
            list.iter().filter(|s| !is_null(s)).collect()
        })
    }

    fn properties(self) -> Option<&'a serde_json::Map<String, Json>> {
        self.node.get("properties")?.as_object()
    }

    /// The names of the declared members.
    pub(super) fn names(self) -> Vec<&'a str> {
        self.properties()
            .map_or_else(Vec::new, |map| map.keys().map(String::as_str).collect())
    }

    /// Whether only declared members are allowed.
    pub(super) fn closed(self) -> bool {
        match self.node.get("additionalProperties") {
            Some(Json::Bool(open)) => !open,
            Some(_) => false,
            None => self.properties().is_some(),
        }
    }

    pub(super) fn member(self, name: &str) -> Option<Self> {
        let declared = self.properties().and_then(|map| map.get(name));
        let other = || {
            self.node
                .get("additionalProperties")
                .filter(|schema| schema.is_object())
        };
        declared.or_else(other).map(|node| self.at(node))
    }

    pub(super) fn element(self) -> Option<Self> {
        self.node.get("items").map(|node| self.at(node))
    }

    pub(super) fn required(self) -> Vec<&'a str> {
        let list = self.node.get("required").and_then(Json::as_array);
        list.map_or_else(Vec::new, |list| {
            list.iter().filter_map(Json::as_str).collect()
        })
    }

    /// The JSON types that are allowed, null left out; empty: any.
    fn types(self) -> Vec<&'a str> {
        match self.node.get("type") {
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(several)) => several
                .iter()
                .filter_map(Json::as_str)
                .filter(|ty| *ty != "null")
                .collect(),
            _ => Vec::new(),
        }
    }

    fn words(self) -> Option<Vec<&'a str>> {
        let alternatives = self.alternatives();
        if alternatives.len() > 1 {
            // An enum whose variants are documented: one `const` each.
            let word = |schema: &&'a Json| schema.get("const").and_then(Json::as_str);
            return alternatives.iter().map(word).collect();
        }
        let list = self.node.get("enum")?.as_array()?;
        Some(list.iter().filter_map(Json::as_str).collect())
    }

    /// Whether its values are URL paths.
    pub(super) fn is_path(self) -> bool {
        self.node.get("format").and_then(Json::as_str) == Some("path")
    }

    /// The type of values that the schema describes.
    pub(super) fn ty(self) -> Type {
        if self.words().is_some() {
            return Type::String;
        }
        if self.depth > MAX_DEPTH {
            return Type::Dynamic;
        }
        match self.types().as_slice() {
            ["string"] => self.text(),
            ["integer"] => Type::Int,
            ["number"] => Type::Double,
            ["boolean"] => Type::Bool,
            ["array"] => Type::List(Box::new(self.element().map_or(Type::Dynamic, Schema::ty))),
            ["object"] if self.closed() => Type::Object(Arc::new(self.members())),
            _ => Type::Dynamic,
        }
    }

    fn text(self) -> Type {
        match self.node.get("format").and_then(Json::as_str) {
            Some("date-time") => Type::Time,
            Some("date") => Type::Date,
            _ => Type::String,
        }
    }

    /// The types of the declared members.
    pub(super) fn members(self) -> BTreeMap<String, Type> {
        let names = self.names().into_iter();
        names
            .filter_map(|name| Some((name.to_owned(), self.member(name)?.ty())))
            .collect()
    }

    /// Whether a literal fits.
    pub(super) fn check(self, value: &Json) -> Result<(), String> {
        if let Some(words) = self.words() {
            let fits = value.as_str().is_some_and(|text| words.contains(&text));
            let listed = words
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>();
            return if fits {
                Ok(())
            } else {
                Err(format!("expected one of {}", listed.join(", ")))
            };
        }
        let alternatives = self.alternatives();
        if alternatives.len() > 1
            && alternatives
                .iter()
                .any(|one| self.at(one).check(value).is_ok())
        {
            return Ok(());
        }
        let types = self.types();
        let fits = types.is_empty() || types.iter().any(|ty| is(ty, value));
        if fits {
            self.in_range(value)
        } else {
            Err(format!("expected {}", words(&self.ty())))
        }
    }
}

impl Schema<'_> {
    fn in_range(self, value: &Json) -> Result<(), String> {
        let bound = |key: &str| self.node.get(key).and_then(Json::as_f64);
        match (value.as_f64(), bound("minimum"), bound("maximum")) {
            (Some(number), Some(least), _) if number < least => {
                Err(format!("expected at least {least}"))
            }
            (Some(number), _, Some(most)) if number > most => {
                Err(format!("expected at most {most}"))
            }
            _ => Ok(()),
        }
    }
}

fn is(ty: &str, value: &Json) -> bool {
    match ty {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields, rename_all = "lowercase")]
    #[expect(dead_code, reason = "only its schema is read")]
    struct Input {
        to: String,
        count: Option<u32>,
        method: Option<Method>,
        headers: Option<BTreeMap<String, String>>,
        json: Option<Json>,
    }

    /// How to call.
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "UPPERCASE")]
    enum Method {
        /// Reads.
        Get,
        /// Writes.
        Post,
    }

    #[test]
    fn the_schema_of_a_rust_type_reads_as_types() {
        let root = schemars::schema_for!(Input).to_value();
        let schema = Schema::new(&root);
        assert_eq!(schema.required(), ["to"]);
        assert!(schema.closed());
        let ty = |name: &str| schema.member(name).unwrap().ty();
        assert_eq!(ty("to"), Type::String);
        assert_eq!(ty("count"), Type::Int);
        assert_eq!(ty("method"), Type::String);
        assert_eq!(ty("headers"), Type::Dynamic);
        assert_eq!(ty("json"), Type::Dynamic);
        assert!(
            schema
                .member("method")
                .unwrap()
                .check(&"GET".into())
                .is_ok()
        );
        let mistake = schema
            .member("method")
            .unwrap()
            .check(&"get".into())
            .unwrap_err();
        assert_eq!(mistake, "expected one of `GET`, `POST`");
        assert_eq!(
            schema.member("headers").unwrap().member("x").unwrap().ty(),
            Type::String
        );
    }
}
