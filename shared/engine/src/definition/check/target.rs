//! `TARGET`: the record that a step changes.

use super::Place;
use super::expected::Expected;
use super::logic::expression;
use super::value::value;
use super::workflow::{Flow, Home};
use crate::definition::document::Finding;
use crate::definition::model::{RecordDefinition, Target, ValueExpression};
use crate::definition::yaml::Node;
use crate::expr::Type;

/// A target, and its record type where that is known.
pub(super) struct Found<'a> {
    pub(super) target: Option<Target>,
    pub(super) record: Option<&'a RecordDefinition>,
}

const NOTHING: Found<'static> = Found {
    target: None,
    record: None,
};

/// Compiles the target of an `update-record`.
pub(super) fn target<'a>(place: Place<'a>, flow: Flow<'a>, with: &Node) -> Found<'a> {
    match with.get("record") {
        None => home(place, flow, with),
        Some(node) if node.is_broken() => NOTHING,
        Some(node) if node.scalar().is_some() => reference(place, node),
        Some(node) => key(place, node),
    }
}

fn home<'a>(place: Place<'a>, flow: Flow<'a>, with: &Node) -> Found<'a> {
    match flow.home {
        Home::Known(record) => Found {
            target: Some(Target::Home),
            record: Some(record),
        },
        Home::Uncertain => NOTHING,
        Home::Absent => {
            let message = "this workflow has no record of its own to update";
            let finding = Finding::error("NoRecord", with.span.clone(), message);
            place.document.report(finding.help(
                "say which record: `record: { type: …, key: [=event.data.…] }`, or give the trigger `of:`",
            ));
            NOTHING
        }
    }
}

fn reference<'a>(place: Place<'a>, node: &Node) -> Found<'a> {
    let text = node.text().unwrap_or_default();
    let help = "write a field of type ref, `record: =record.patient`, or a key, `record: { type: patient, key: [=…] }`";
    if !text.starts_with('=') {
        let message = format!("`{text}` is text, not a reference to a record");
        place
            .document
            .report(Finding::error("WrongType", node.span.clone(), message).help(help));
        return NOTHING;
    }
    let Some(reference) = expression(place, node, 1..text.len(), None) else {
        return NOTHING;
    };
    let Type::Ref(record) = reference.ty().clone() else {
        if *reference.ty() == Type::Dynamic && !place.world.clean() {
            return NOTHING;
        }
        let message = "this is not a reference to a record";
        place
            .document
            .report(Finding::error("WrongType", node.span.clone(), message).help(help));
        return NOTHING;
    };
    let definition = place.world.records.get(&record);
    Found {
        target: Some(Target::Reference { record, reference }),
        record: definition,
    }
}

fn key<'a>(place: Place<'a>, node: &Node) -> Found<'a> {
    let record = node
        .get("type")
        .and_then(|ty| place.world.expect_name(place.document, ty))
        .and_then(|name| place.world.records.get(&name));
    let Some(record) = record else { return NOTHING };
    let target = values(place, node, record).map(|key| Target::Key {
        record: record.name.clone(),
        key,
        create: node.flag("create"),
    });
    Found {
        target,
        record: Some(record),
    }
}

fn values(
    place: Place<'_>,
    node: &Node,
    record: &RecordDefinition,
) -> Option<Vec<ValueExpression>> {
    let key = node.get("key").filter(|key| !key.is_broken())?;
    let given = key.elements();
    if given.len() != record.key.len() {
        let message = format!(
            "the key of `{}` has {} here, {} in its definition",
            record.name,
            parts(given.len()),
            parts(record.key.len()),
        );
        let help = format!(
            "give the values of [{}] in this order",
            record.key.join(", ")
        );
        place
            .document
            .report(Finding::error("WrongKey", key.span.clone(), message).help(help));
        return None;
    }
    let fields = record.key.iter().map(|name| record.fields.get(name));
    let values: Vec<_> = given
        .iter()
        .zip(fields)
        .map(|(node, field)| {
            value(
                place,
                node,
                field.map_or(Expected::Any, |field| Expected::Field(&field.field)),
            )
        })
        .collect();
    values.into_iter().collect()
}

fn parts(count: usize) -> String {
    if count == 1 {
        "1 part".to_owned()
    } else {
        format!("{count} parts")
    }
}
