//! Values inside templates: typed ones print in their JSON normal form.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr, Value as Printed, ValueKind};

use crate::expr::EvaluationError;
use crate::expr::eval::order;
use crate::expr::value::Value;

/// A decimal, a date, a time or a duration, which MiniJinja has no type for.
#[derive(Debug)]
struct Exact(Value<'static>);

impl Object for Exact {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        order(&self.0, &other.downcast_ref::<Self>()?.0).ok()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.clone().into_text().map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

/// A reference: it prints as the record's id and has the members that were read.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) id: String,
    pub(super) members: BTreeMap<String, Printed>,
}

impl Object for Linked {
    fn get_value(self: &Arc<Self>, key: &Printed) -> Option<Printed> {
        self.members.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.members.keys().map(Printed::from).collect())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// A value as the template sees it; what is unset is undefined.
pub(super) fn printed(value: Value<'_>) -> Result<Printed, EvaluationError> {
    Ok(match value {
        Value::Unset(_) => Printed::UNDEFINED,
        Value::Bool(value) => Printed::from(value),
        Value::Int(value) => Printed::from(value),
        Value::Double(value) => Printed::from(value),
        Value::Text(text) => Printed::from(text.into_owned()),
        Value::Decimal(value) => Printed::from_object(Exact(Value::Decimal(value))),
        Value::Date(value) => Printed::from_object(Exact(Value::Date(value))),
        Value::Time(value) => Printed::from_object(Exact(Value::Time(value))),
        Value::Duration(value) => Printed::from_object(Exact(Value::Duration(value))),
        list @ (Value::List(_) | Value::Array(..)) => {
            let elements = list.elements()?.into_iter().map(printed);
            Printed::from(elements.collect::<Result<Vec<_>, _>>()?)
        }
        object => members(&object)?,
    })
}

fn members(object: &Value<'_>) -> Result<Printed, EvaluationError> {
    let mut members = BTreeMap::new();
    for key in object.keys().unwrap_or_default() {
        let name = key.into_text()?.into_owned();
        let value = printed(object.member(&name, "a member")?)?;
        members.insert(name, value);
    }
    Ok(Printed::from(members))
}

/// What a filter was given, as the dialect's own value.
pub(super) fn given(value: &Printed) -> Value<'static> {
    if let Some(Exact(exact)) = value.downcast_object_ref::<Exact>() {
        return exact.clone();
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Value::Unset("a filter's value"),
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number => number(value),
        ValueKind::Seq | ValueKind::Iterable => {
            let elements = value.try_iter().into_iter().flatten();
            Value::List(elements.map(|element| given(&element)).collect())
        }
        ValueKind::Map if value.downcast_object_ref::<Linked>().is_none() => {
            let keys = value.try_iter().into_iter().flatten();
            Value::Map(keys.map(|key| entry(value, &key)).collect())
        }
        _ => Value::Text(value.to_string().into()),
    }
}

fn entry(map: &Printed, key: &Printed) -> (String, Value<'static>) {
    let value = map.get_item(key).unwrap_or_default();
    (key.to_string(), given(&value))
}

fn number(value: &Printed) -> Value<'static> {
    value
        .as_i64()
        .filter(|_| value.is_integer())
        .map(Value::Int)
        .or_else(|| f64::try_from(value.clone()).ok().map(Value::Double))
        .unwrap_or(Value::Unset("a number"))
}
