//! Reading a value as a field's type: checked, and in its normal form.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::violation::{Fault, Rule, Violation};
use super::{Field, Kind, scalar, text};

/// What happens to members that no field declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// They are left out: what providers send.
    Dropped,
    /// They are mistakes: what people and definitions write.
    Refused,
}

/// The most mistakes that a list reports: a broken sender breaks every element.
const MOST_REPORTED: usize = 100;

/// Reads one value. Null is unset: it becomes the default, or stays null.
///
/// Values come as JSON or, from forms, as text: `"12"` is an integer and `"true"` a boolean, but
/// only where the text is exactly how the value is written. Empty text is a value. Members that
/// an object does not declare are dropped.
///
/// # Errors
/// Every [`Violation`] in the value, with paths relative to it.
pub fn accept(field: &Field, value: &Json) -> Result<Json, Vec<Violation>> {
    read(field, value, Unknown::Dropped)
}

/// Reads a set of values. A member that is absent and has no default stays absent; one that is
/// null, and has no default, stays null.
///
/// # Errors
/// Every [`Violation`] in the values.
pub fn accept_all(
    fields: &BTreeMap<String, Field>,
    values: &Map<String, Json>,
    unknown: Unknown,
) -> Result<Map<String, Json>, Vec<Violation>> {
    let mut accepted = Map::new();
    let mut violations = Vec::new();
    for (name, field) in fields {
        let given = values.get(name);
        match read(field, given.unwrap_or(&Json::Null), unknown) {
            Ok(Json::Null) if given.is_none() => {}
            Ok(value) => drop(accepted.insert(name.clone(), value)),
            Err(found) => violations.extend(found.into_iter().map(|v| v.within(name))),
        }
    }
    if unknown == Unknown::Refused {
        violations.extend(undeclared(fields, values));
    }
    if violations.is_empty() {
        Ok(accepted)
    } else {
        Err(violations)
    }
}

/// A member that nobody declared may hold anything, so its value is never shown.
fn undeclared(fields: &BTreeMap<String, Field>, values: &Map<String, Json>) -> Vec<Violation> {
    let unknown = values.keys().filter(|name| !fields.contains_key(*name));
    let violation = |name: &String| {
        let hint = text::nearest(name, fields.keys().map(String::as_str));
        let fault = Fault::new(Rule::Unknown, "a declared field");
        let hidden = Violation::hidden(fault).within(name);
        Violation { hint, ..hidden }
    };
    unknown.map(violation).collect()
}

fn read(field: &Field, value: &Json, unknown: Unknown) -> Result<Json, Vec<Violation>> {
    let outcome = match (value, &field.default) {
        (Json::Null, Some(default)) => read_set(field, default, unknown),
        (Json::Null, None) if field.required => {
            one(field, Fault::new(Rule::Required, "a value"), value)
        }
        (Json::Null, None) => Ok(Json::Null),
        _ => read_set(field, value, unknown),
    };
    if !field.pii {
        return outcome;
    }
    outcome.map_err(|found| found.into_iter().map(Violation::masked).collect())
}

/// A mistake of the whole value, which is not shown where a part of it is to be masked.
fn one(field: &Field, fault: Fault, value: &Json) -> Result<Json, Vec<Violation>> {
    let violation = Violation::new(fault, value);
    let hidden = holds_pii(field);
    Err(vec![if hidden {
        violation.masked()
    } else {
        violation
    }])
}

fn holds_pii(field: &Field) -> bool {
    field.pii
        || match &field.kind {
            Kind::List(of) => holds_pii(of),
            Kind::Object(members) => members.values().any(holds_pii),
            _ => false,
        }
}

fn read_set(field: &Field, value: &Json, unknown: Unknown) -> Result<Json, Vec<Violation>> {
    match &field.kind {
        Kind::List(of) => list(field, of, value, unknown),
        Kind::Object(members) => match value {
            Json::Object(values) => accept_all(members, values, unknown).map(Json::Object),
            _ => one(field, Fault::ty("an object"), value),
        },
        _ => scalar::accept(field, value).or_else(|fault| one(field, fault, value)),
    }
}

fn list(field: &Field, of: &Field, value: &Json, unknown: Unknown) -> Result<Json, Vec<Violation>> {
    let Json::Array(elements) = value else {
        return one(field, Fault::ty("a list"), value);
    };
    text::check_length(field, elements.len(), "elements")
        .or_else(|fault| one(field, fault, value).map(drop))?;
    let mut accepted = Vec::with_capacity(elements.len());
    let mut violations = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        if violations.len() >= MOST_REPORTED {
            break;
        }
        match read(of, element, unknown) {
            Ok(element) => accepted.push(element),
            Err(found) => violations.extend(found.into_iter().map(|v| v.at(index))),
        }
    }
    if violations.is_empty() {
        Ok(Json::Array(accepted))
    } else {
        Err(violations)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(members: &[(&str, Field)]) -> Field {
        let members = members
            .iter()
            .map(|(name, field)| ((*name).to_owned(), field.clone()));
        Field::of(Kind::Object(members.collect()))
    }

    fn required(kind: Kind) -> Field {
        Field {
            required: true,
            ..Field::of(kind)
        }
    }

    #[test]
    fn every_mistake_is_reported_with_its_path() {
        let lines = Field::of(Kind::List(Box::new(Field::of(Kind::Integer))));
        let address = object(&[("lines", lines), ("city", required(Kind::String))]);
        let field = object(&[("address", address)]);
        let value = json!({ "address": { "lines": [1, "x", 2.5], "zip": 1 } });
        let found = accept(&field, &value).unwrap_err();
        let paths: Vec<(&str, Rule)> = found.iter().map(|v| (v.path.as_str(), v.rule)).collect();
        let expected = [
            ("address.city", Rule::Required),
            ("address.lines[1]", Rule::Format),
            ("address.lines[2]", Rule::Type),
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn an_undeclared_member_is_dropped_or_refused_with_the_nearest_name() {
        let Kind::Object(fields) = object(&[("phone", Field::of(Kind::String))]).kind else {
            panic!("an object");
        };
        let Json::Object(values) = json!({ "fone": "secret" }) else {
            panic!("an object")
        };
        assert_eq!(
            accept_all(&fields, &values, Unknown::Dropped),
            Ok(Map::new())
        );
        let found = accept_all(&fields, &values, Unknown::Refused).unwrap_err();
        assert_eq!(found[0].path, "fone");
        assert_eq!(found[0].hint.as_deref(), Some("did you mean `phone`?"));
        assert!(!found[0].actual.contains("secret"));
    }

    #[test]
    fn an_unset_field_takes_its_default_in_normal_form() {
        let default = Some(json!("24h"));
        let field = Field {
            default,
            required: true,
            ..Field::of(Kind::Duration)
        };
        assert_eq!(accept(&field, &Json::Null), Ok(json!("1d")));
    }

    #[test]
    fn an_absent_member_stays_absent_and_a_null_stays_null() {
        let field = object(&[
            ("a", Field::of(Kind::String)),
            ("b", Field::of(Kind::String)),
        ]);
        assert_eq!(
            accept(&field, &json!({ "b": null })),
            Ok(json!({ "b": null }))
        );
    }

    #[test]
    fn a_masked_field_shows_nothing_of_its_value() {
        let list = Field::of(Kind::List(Box::new(Field::of(Kind::Email))));
        let field = Field { pii: true, ..list };
        let found = accept(&field, &json!(["zoe(at)example.com"])).unwrap_err();
        assert_eq!(
            (found[0].path.as_str(), found[0].actual.as_str()),
            ("[0]", "***")
        );
        assert!(!serde_json::to_string(&found).unwrap().contains("zoe"));
    }

    #[test]
    fn a_whole_shows_nothing_where_a_part_is_masked() {
        let name = Field {
            pii: true,
            ..required(Kind::String)
        };
        let field = object(&[("name", name)]);
        let found = accept(&field, &json!([{ "name": "zoe" }])).unwrap_err();
        assert_eq!(found[0].actual, "***");
        let found = accept(&field, &json!({})).unwrap_err();
        assert_eq!(
            (found[0].rule, found[0].actual.as_str()),
            (Rule::Required, "null")
        );
    }

    #[test]
    fn a_long_list_of_mistakes_is_cut() {
        let field = Field::of(Kind::List(Box::new(Field::of(Kind::Integer))));
        let found = accept(&field, &json!(vec!["x"; 1000])).unwrap_err();
        assert_eq!(found.len(), MOST_REPORTED);
    }

    #[test]
    fn nul_is_refused_at_any_depth() {
        let any = Field::of(Kind::AnyObject);
        for value in [json!({ "a": ["b\0"] }), json!({ "a\0": 1 })] {
            assert_eq!(accept(&any, &value).unwrap_err()[0].rule, Rule::Format);
        }
        let text = accept(&Field::of(Kind::String), &json!("a\0"));
        assert_eq!(text.unwrap_err()[0].rule, Rule::Format);
    }
}
