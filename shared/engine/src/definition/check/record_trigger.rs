//! Triggers by a change of a record.

use serde_json::Value as Json;

use super::Place;
use super::expected::Expected;
use super::trigger::{Started, envelope, unknown};
use crate::definition::document::Finding;
use crate::definition::model::{RecordChange, RecordDefinition, RecordTrigger, Trigger};
use crate::definition::nearest::suggestion;
use crate::definition::yaml::Node;
use crate::expr::Type;

/// Compiles a trigger by a change of a record.
pub(super) fn by_record(place: Place<'_>, node: &Node, change: &Node) -> Started {
    if let Some(of) = node.member("of") {
        let finding = Finding::error(
            "MisplacedKey",
            of.key_span.clone(),
            "`of` belongs to an event trigger",
        );
        place
            .document
            .report(finding.help("a record trigger's record is the one that changed: remove `of`"));
    }
    let name = change
        .get("type")
        .and_then(|ty| place.world.expect_name(place.document, ty));
    let Some(name) = name else { return unknown() };
    let Some(record) = place.world.records.get(&name) else {
        return unknown();
    };
    let Some(on) = change.get("on").and_then(Node::text).and_then(on) else {
        return unknown();
    };
    let field = field(place, record, change);
    let value = |key| literal(place, record, field.as_deref(), change, key);
    let (from, to) = (value("from"), value("to"));
    let trigger = Trigger::Record(RecordTrigger {
        changed: changed(place, record, change),
        record: name.clone(),
        on,
        field,
        from,
        to,
    });
    Started {
        trigger: Some(trigger),
        event: changes(record, on),
        home: Some(name),
        uncertain: false,
    }
}

fn on(word: &str) -> Option<RecordChange> {
    match word {
        "created" => Some(RecordChange::Created),
        "updated" => Some(RecordChange::Updated),
        "deleted" => Some(RecordChange::Deleted),
        _ => None,
    }
}

fn changes(record: &RecordDefinition, on: RecordChange) -> Type {
    let mut members = vec![("changed", Type::List(Box::new(Type::String)))];
    if on != RecordChange::Created {
        members.push(("before", record.snapshot.clone()));
    }
    if on != RecordChange::Deleted {
        members.push(("after", record.snapshot.clone()));
    }
    envelope(members)
}

fn field(place: Place<'_>, record: &RecordDefinition, change: &Node) -> Option<String> {
    let node = change.get("field")?;
    let name = node.text()?;
    if let Some(changed) = change.member("changed") {
        let message = "`field` and `changed` exclude each other";
        let finding = Finding::error("AmbiguousKeys", changed.key_span.clone(), message);
        place.document.report(
            finding.help("keep `field` for one field with `from` and `to`, `changed` for several"),
        );
    }
    check_field(place, record, node, name);
    Some(name.to_owned())
}

fn check_field(place: Place<'_>, record: &RecordDefinition, node: &Node, name: &str) {
    let known = record.fields.contains_key(name) || name == "status";
    if known || place.world.declares(&record.name, name) {
        return;
    }
    let message = format!("`{}` has no field `{name}`", record.name);
    let names = record.fields.keys().map(String::as_str).chain(["status"]);
    let finding = Finding::error("UnknownField", node.span.clone(), message);
    place
        .document
        .report(finding.help(suggestion(name, names, "field")));
}

fn changed(place: Place<'_>, record: &RecordDefinition, change: &Node) -> Vec<String> {
    let nodes = change.get("changed").map_or(&[][..], Node::elements);
    for node in nodes {
        check_field(place, record, node, node.text().unwrap_or_default());
    }
    nodes
        .iter()
        .filter_map(Node::text)
        .map(str::to_owned)
        .collect()
}

fn literal(
    place: Place<'_>,
    record: &RecordDefinition,
    field: Option<&str>,
    change: &Node,
    key: &str,
) -> Option<Json> {
    let member = change.member(key)?;
    let node = &member.value;
    let Some(name) = field else {
        let message = format!("`{key}` needs `field`, whose value it is");
        let finding = Finding::error("MissingKey", member.key_span.clone(), message);
        place.document.report(finding.help("add `field: status`"));
        return None;
    };
    let expected = match record.fields.get(name) {
        _ if name == "status" => Expected::State(record),
        Some(found) => Expected::Field(&found.field),
        None => return None,
    };
    match expected.literal(node.json()) {
        Ok(value) => Some(value),
        Err(unfit) => {
            let mut finding = Finding::error(expected.code(), node.span.clone(), unfit.message);
            finding.help = unfit.help;
            place.document.report(finding);
            None
        }
    }
}
