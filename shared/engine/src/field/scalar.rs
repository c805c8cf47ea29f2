//! Values that hold no other fields, by their kind.

use serde_json::Value as Json;

use super::violation::{Fault, Rule};
use super::{Field, Kind, calendar, email, number, phone, text, url};
use crate::name::{RecordId, RecordType};

/// Checks a value of a kind that holds no other fields, and gives its normal form.
pub(super) fn accept(field: &Field, value: &Json) -> Result<Json, Fault> {
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
