//! Records: keys, states and transitions that agree with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::duplicates::duplicates;
use super::field::{field, identifier};
use super::logic::closed_condition;
use super::world::World;
use super::{Place, environment, transition};
use crate::definition::document::{Document, Finding};
use crate::definition::folder::{Definition, Kind};
use crate::definition::model::{Conflict, Invariant, RecordDefinition, RecordField};
use crate::definition::nearest::suggestion;
use crate::definition::yaml::Node;
use crate::expr::Type;
use crate::name::RecordType;

/// What a snapshot has beside its fields.
const BUILT_IN: [&str; 3] = ["id", "status", "version"];

/// Every record without its invariants, which need the types of the others.
pub(super) fn heads(world: &World<'_>) -> BTreeMap<RecordType, RecordDefinition> {
    let records = world.folder.of(Kind::Record);
    let heads = records.filter_map(|definition| head(world, definition));
    heads.map(|record| (record.name.clone(), record)).collect()
}

/// The type of each record's snapshot.
pub(super) fn snapshots(
    records: &BTreeMap<RecordType, RecordDefinition>,
) -> BTreeMap<RecordType, Type> {
    records
        .iter()
        .map(|(name, record)| (name.clone(), record.snapshot.clone()))
        .collect()
}

fn head(world: &World<'_>, definition: &Definition) -> Option<RecordDefinition> {
    let document = &definition.document;
    let tree = definition.readable()?;
    let fields = fields(world, document, tree);
    let states = tree.get("states").map(Node::texts).unwrap_or_default();
    let names = |key: &str| tree.get(key).map(Node::texts).unwrap_or_default();
    check_keys(document, tree, &fields);
    let duplicates = duplicates(document, tree, &fields);
    check_states(document, tree, &states);
    let transitions = transition::transitions(world, document, tree, &states);
    Some(RecordDefinition {
        name: definition.name.parse().ok()?,
        key: names("key"),
        also: names("also"),
        duplicates,
        snapshot: snapshot(tree, &fields),
        fields,
        initial: tree
            .get("initial")
            .and_then(Node::text)
            .unwrap_or_default()
            .to_owned(),
        transitions,
        states,
        invariants: Vec::new(),
    })
}

fn fields(world: &World<'_>, document: &Document, tree: &Node) -> BTreeMap<String, RecordField> {
    let members = tree.get("fields").map_or(&[][..], Node::members).iter();
    let usable = members.filter(|member| {
        let reserved = BUILT_IN.contains(&member.key.as_str());
        if reserved {
            let message = format!("every record has `{}` by itself", member.key);
            let finding = Finding::error("ReservedName", member.key_span.clone(), message);
            document.report(finding.help("give the field another name"));
        }
        !reserved && identifier(document, member)
    });
    usable
        .filter_map(|member| {
            let conflict = match member.value.get("conflict").and_then(Node::text) {
                Some("last") => Conflict::Last,
                _ => Conflict::Recheck,
            };
            let field = field(document, &member.value, world)?;
            Some((member.key.clone(), RecordField { field, conflict }))
        })
        .collect()
}

/// A field whose definition has mistakes has any type, so that they are not told twice.
fn snapshot(tree: &Node, fields: &BTreeMap<String, RecordField>) -> Type {
    let members = tree.get("fields").map_or(&[][..], Node::members).iter();
    let any = members.map(|member| (member.key.clone(), Type::Dynamic));
    let declared = fields
        .iter()
        .map(|(name, field)| (name.clone(), field.field.ty()));
    let built_in = BUILT_IN.map(|name| {
        let ty = if name == "version" {
            Type::Int
        } else {
            Type::String
        };
        (name.to_owned(), ty)
    });
    Type::Object(Arc::new(any.chain(declared).chain(built_in).collect()))
}

fn check_keys(document: &Document, tree: &Node, fields: &BTreeMap<String, RecordField>) {
    let Some(declared) = tree.get("fields") else {
        return;
    };
    for key in ["key", "also"] {
        let mut seen = BTreeSet::new();
        for node in tree.get(key).map_or(&[][..], Node::elements) {
            let Some(name) = node.text() else { continue };
            if declared.get(name).is_none() {
                let message = format!("`{key}` names `{name}`, which is not a field");
                let help = suggestion(name, fields.keys().map(String::as_str), "field");
                let finding = Finding::error("UnknownField", node.span.clone(), message);
                document.report(finding.help(help));
            } else if !seen.insert(name) {
                let message = format!("`{key}` names `{name}` twice");
                let finding = Finding::error("DuplicateName", node.span.clone(), message);
                document.report(finding.help("keep one of them"));
            }
        }
    }
    if let Some(key) = tree
        .get("key")
        .filter(|key| !key.is_broken() && key.elements().is_empty())
    {
        let finding = Finding::error("MissingValue", key.span.clone(), "a record needs a key");
        document.report(finding.help("name the fields that identify it: key: [email]"));
    }
}

fn check_states(document: &Document, tree: &Node, states: &[String]) {
    let nodes = tree.get("states").map_or(&[][..], Node::elements);
    let mut seen = BTreeSet::new();
    for node in nodes {
        if node.text().is_some_and(|name| !seen.insert(name)) {
            let message = format!("the state `{}` is given twice", node.text().unwrap_or(""));
            let finding = Finding::error("DuplicateName", node.span.clone(), message);
            document.report(finding.help("keep one of them"));
        }
    }
    let Some(initial) = tree.get("initial") else {
        return;
    };
    let Some(name) = initial
        .text()
        .filter(|name| !states.iter().any(|state| state == name))
    else {
        return;
    };
    let message = format!("`initial` is `{name}`, which is not one of `states`");
    let help = suggestion(name, states.iter().map(String::as_str), "state");
    document.report(Finding::error("UnknownState", initial.span.clone(), message).help(help));
}

/// The compiled invariants of every record.
pub(super) fn invariants(world: &World<'_>) -> BTreeMap<RecordType, Vec<Invariant>> {
    let records = world.folder.of(Kind::Record);
    let found = records.filter_map(|definition| {
        let record = world.records.get(definition.name.as_str())?;
        let env = environment::invariant(world, &record.snapshot);
        let place = Place::new(world, &definition.document, &env);
        let nodes = definition
            .readable()?
            .get("invariants")
            .map_or(&[][..], Node::elements);
        let rules = nodes
            .iter()
            .filter_map(|node| invariant(place, node))
            .collect();
        Some((record.name.clone(), rules))
    });
    found.collect()
}

fn invariant(place: Place<'_>, node: &Node) -> Option<Invariant> {
    let rule = closed_condition(place, node.get("rule")?, "rule")?;
    Some(Invariant {
        rule,
        message: node.get("message")?.text()?.to_owned(),
    })
}
