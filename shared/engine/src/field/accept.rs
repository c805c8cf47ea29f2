//! Reading a value as a field's type: checked, and in its normal form.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::violation::{Fault, Rule, Violation};
use super::{Field, Kind, calendar, email, number, phone, text, url};
use crate::name::{RecordId, RecordType};

/// What happens to members that no field declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// They are left out: what providers send.
    Dropped,
    /// They are mistakes: what people and definitions write.
    Refused,
}

/// Reads one value. Null is unset: it becomes the default, or stays null.
///
/// Values come as JSON or, from forms, as text: `"12"` is an integer and `"true"` a boolean, but
/// only where the text is exactly how the value is written. Members that an object does not
/// declare are dropped.
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
        let masked = Violation::new(fault, &Json::Null).masked().within(name);
        Violation { hint, ..masked }
    };
    unknown.map(violation).collect()
}

fn read(field: &Field, value: &Json, unknown: Unknown) -> Result<Json, Vec<Violation>> {
    let outcome = match (value, &field.default) {
        (Json::Null, Some(default)) => read_set(field, default, unknown),
        (Json::Null, None) if field.required => one(Fault::new(Rule::Required, "a value"), value),
        (Json::Null, None) => Ok(Json::Null),
        _ => read_set(field, value, unknown),
    };
    if !field.pii {
        return outcome;
    }
    outcome.map_err(|found| found.into_iter().map(Violation::masked).collect())
}

fn one(fault: Fault, value: &Json) -> Result<Json, Vec<Violation>> {
    Err(vec![Violation::new(fault, value)])
}

fn read_set(field: &Field, value: &Json, unknown: Unknown) -> Result<Json, Vec<Violation>> {
    match &field.kind {
        Kind::List(of) => list(field, of, value, unknown),
        Kind::Object(members) => match value {
            Json::Object(values) => accept_all(members, values, unknown).map(Json::Object),
            _ => one(Fault::ty("an object"), value),
        },
        _ => scalar(field, value).or_else(|fault| one(fault, value)),
    }
}

fn list(field: &Field, of: &Field, value: &Json, unknown: Unknown) -> Result<Json, Vec<Violation>> {
    let Json::Array(elements) = value else {
        return one(Fault::ty("a list"), value);
    };
    text::check_length(field, elements.len(), "elements")
        .or_else(|fault| one(fault, value).map(drop))?;
    let mut accepted = Vec::with_capacity(elements.len());
    let mut violations = Vec::new();
    for (index, element) in elements.iter().enumerate() {
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

fn scalar(field: &Field, value: &Json) -> Result<Json, Fault> {
    match &field.kind {
        Kind::Integer => return number::integer(field, value),
        Kind::Decimal => return number::decimal(field, value).map(Json::String),
        Kind::Boolean => return number::boolean(value),
        Kind::AnyObject => return any_object(value),
        _ => {}
    }
    let given = text::given(value, described(&field.kind))?;
    let normal = match &field.kind {
        Kind::Date => calendar::date(given)?,
        Kind::Datetime => calendar::datetime(given)?,
        Kind::Duration => calendar::duration(given)?,
        Kind::Timezone => calendar::timezone(given)?,
        Kind::Phone => phone::e164(given, field.region.as_deref())?,
        Kind::Email => email::normal(given)?,
        Kind::Url => url::normal(given)?,
        Kind::Enum => text::choice(field, given)?,
        Kind::Ref(to) => reference(to, given)?,
        _ => text::string(field, given)?,
    };
    Ok(Json::String(normal))
}

fn any_object(value: &Json) -> Result<Json, Fault> {
    match value {
        Json::Object(_) if text::holds_nul(value) => Err(text::nul()),
        Json::Object(_) => Ok(value.clone()),
        _ => Err(Fault::ty("an object")),
    }
}

fn reference(to: &RecordType, given: &str) -> Result<String, Fault> {
    match RecordId::new(given) {
        Ok(id) => Ok(id.into()),
        Err(_) => Err(Fault::new(
            Rule::Format,
            format!("the id of a record of type `{to}`"),
        )),
    }
}

/// What a text of this kind is, for reports.
fn described(kind: &Kind) -> &'static str {
    match kind {
        Kind::Date => calendar::DATE,
        Kind::Datetime => calendar::DATETIME,
        Kind::Duration => calendar::DURATION,
        Kind::Timezone => calendar::TIMEZONE,
        Kind::Phone => "a phone number, as text",
        Kind::Email => email::EXPECTED,
        Kind::Url => url::EXPECTED,
        Kind::Enum => "one of the values, as text",
        Kind::Ref(_) => "a record's id",
        _ => "text",
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
    fn nul_is_refused_at_any_depth() {
        let any = Field::of(Kind::AnyObject);
        for value in [json!({ "a": ["b\0"] }), json!({ "a\0": 1 })] {
            assert_eq!(accept(&any, &value).unwrap_err()[0].rule, Rule::Format);
        }
        let text = accept(&Field::of(Kind::String), &json!("a\0"));
        assert_eq!(text.unwrap_err()[0].rule, Rule::Format);
    }
}
