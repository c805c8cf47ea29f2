//! The records that a source's events speak of: how they are found, created and filled.

use std::collections::{BTreeMap, BTreeSet};

use super::Place;
use super::environment::ROOTS;
use super::field::is_identifier;
use super::logic::{condition, logic};
use super::mapped::transposed;
use crate::definition::document::Finding;
use crate::definition::model::{Lookup, MappedValue, RecordDefinition, RecordMapping};
use crate::definition::yaml::{Member, Node};
use crate::field::{Field, Kind};
use crate::name::RecordType;

/// The `as` names so far, with the types of their records.
type Earlier = BTreeMap<String, RecordType>;

/// Compiles `records:`; mappings with mistakes are left out.
pub(super) fn mappings(place: Place<'_>, tree: &Node) -> Vec<RecordMapping> {
    let mut earlier = Earlier::new();
    let nodes = tree.get("records").map_or(&[][..], Node::elements);
    nodes
        .iter()
        .filter_map(|node| mapping(place, node, &mut earlier))
        .collect()
}

fn mapping(place: Place<'_>, node: &Node, earlier: &mut Earlier) -> Option<RecordMapping> {
    let mut env = place.env.clone();
    for name in earlier.keys() {
        let reason = "it is a record: write it alone, as the value of a ref field";
        env.refused.insert(name.clone(), reason.to_owned());
    }
    let place = place.with_env(&env);
    let name = name(place, node, earlier);
    let record = node
        .get("type")
        .and_then(|ty| place.world.expect_record(place.document, ty));
    let condition = transposed(node.get("if").map(|node| condition(place, node)));
    let map = record
        .zip(node.get("map"))
        .map(|(record, map)| fields(place, record, map, earlier));
    if let Some(record) = record {
        check_found(place, record, node);
        check_created(place, record, node);
        earlier.extend(name.clone().map(|name| (name, record.name.clone())));
    }
    let map = map.filter(|map| node.counts("map", map.len()))?;
    let fields = requested(record?, &map);
    Some(RecordMapping {
        name: name?,
        record: record?.name.clone(),
        condition: condition?,
        by: lookup(node),
        create: node.flag("create"),
        owns: node.get("owns").is_none() || node.flag("owns"),
        map,
        fields,
    })
}

/// The fields of the record type that the request fills.
fn requested(record: &RecordDefinition, map: &[(String, MappedValue)]) -> BTreeMap<String, Field> {
    let filled = map.iter().filter_map(|(name, value)| match value {
        MappedValue::Request(_) => Some((name.clone(), record.fields.get(name)?.field.clone())),
        MappedValue::Record(_) => None,
    });
    filled.collect()
}

fn lookup(node: &Node) -> Lookup {
    match node.get("by").and_then(Node::text) {
        Some("also") => Lookup::Also,
        _ => Lookup::Key,
    }
}

fn name(place: Place<'_>, node: &Node, earlier: &Earlier) -> Option<String> {
    let node = node.get("as")?;
    let name = node.text()?;
    if !is_identifier(place.document, name, node.span.clone()) {
        return None;
    }
    let taken = if earlier.contains_key(name) {
        "an earlier record has"
    } else if ROOTS.contains(&name) {
        "the request has"
    } else {
        return Some(name.to_owned());
    };
    let finding = Finding::error(
        "DuplicateName",
        node.span.clone(),
        format!("{taken} the name `{name}`"),
    );
    place
        .document
        .report(finding.help("give this record another name in `as`"));
    None
}

fn fields(
    place: Place<'_>,
    record: &RecordDefinition,
    map: &Node,
    earlier: &Earlier,
) -> Vec<(String, MappedValue)> {
    let members = map.members().iter();
    let mapped = members.filter_map(|member| {
        let value = field(place, record, member, earlier)?;
        Some((member.key.clone(), value))
    });
    mapped.collect()
}

fn field(
    place: Place<'_>,
    record: &RecordDefinition,
    member: &Member,
    earlier: &Earlier,
) -> Option<MappedValue> {
    if member.key == "status" {
        let message = "a source cannot set a record's status";
        let finding = Finding::error("MisplacedKey", member.key_span.clone(), message);
        place
            .document
            .report(finding.help("a workflow does it: update-record with `status:`"));
        return None;
    }
    let found =
        place
            .world
            .expect_field(place.document, record, &member.key, member.key_span.clone());
    let text = member.value.text()?.trim();
    let named = earlier.get(text);
    match (&found?.kind, named) {
        (Kind::Ref(to), Some(ty)) if to == ty => Some(MappedValue::Record(text.to_owned())),
        (Kind::Ref(to), _) => {
            wrong_reference(place, member, to, earlier);
            None
        }
        _ => logic(place, &member.value, None).map(MappedValue::Request),
    }
}

fn wrong_reference(place: Place<'_>, member: &Member, to: &RecordType, earlier: &Earlier) {
    if member.value.is_broken() {
        return;
    }
    let message = format!(
        "`{}` refers to a `{to}`: it needs an earlier record of this source",
        member.key
    );
    let help = match earlier.iter().find(|(_, ty)| *ty == to) {
        Some((name, _)) => format!("write its name: `{}: {name}`", member.key),
        None => {
            format!("add `{{ as: {to}, type: {to}, owns: false, map: {{ … }} }}` before this one")
        }
    };
    let finding = Finding::error("WrongType", member.value.span.clone(), message);
    place.document.report(finding.help(help));
}

/// A record is found by its key, or by one of `also`.
fn check_found(place: Place<'_>, record: &RecordDefinition, node: &Node) {
    let known = record
        .key
        .iter()
        .all(|name| record.fields.contains_key(name));
    let Some(map) = node.get("map").filter(|map| !map.is_broken()) else {
        return;
    };
    if !known || record.key.is_empty() {
        return;
    }
    let mapped: BTreeSet<_> = map
        .members()
        .iter()
        .map(|member| member.key.as_str())
        .collect();
    let is_mapped = |name: &String| mapped.contains(name.as_str());
    let by_key = record.key.iter().all(is_mapped);
    let (found, what) = match lookup(node) {
        Lookup::Key => (by_key, format!("its key: {}", listed(&record.key))),
        Lookup::Also => (
            by_key || record.also.iter().any(is_mapped),
            format!(
                "its key ({}) or one of {}",
                listed(&record.key),
                listed(&record.also)
            ),
        ),
    };
    if !found {
        let message = format!("nothing tells which `{}` is meant", record.name);
        let finding = Finding::error("UnmappedKey", map.span.clone(), message);
        place.document.report(finding.help(format!("map {what}")));
    }
}

/// A record that is created has its required fields.
fn check_created(place: Place<'_>, record: &RecordDefinition, node: &Node) {
    let Some(map) = node
        .get("map")
        .filter(|map| !map.is_broken() && node.flag("create"))
    else {
        return;
    };
    let missing: Vec<_> = record
        .fields
        .iter()
        .filter(|(name, field)| {
            field.field.required && field.field.default.is_none() && map.get(name).is_none()
        })
        .map(|(name, _)| name.clone())
        .collect();
    if !missing.is_empty() {
        let message = format!("a new `{}` would lack {}", record.name, listed(&missing));
        let finding = Finding::error("UnmappedField", map.span.clone(), message);
        place
            .document
            .report(finding.help("required fields of a record that is created are mapped"));
    }
}

fn listed(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
