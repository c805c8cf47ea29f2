//! Transitions: between states that exist, by workflows that exist, so that every state is reached.

use std::collections::BTreeSet;

use super::world::World;
use crate::definition::document::{Document, Finding};
use crate::definition::folder::Kind;
use crate::definition::model::{Actor, Transition};
use crate::definition::nearest::suggestion;
use crate::definition::yaml::Node;
use crate::name::WorkflowName;

/// The declared transitions, checked.
pub(super) fn transitions(
    world: &World<'_>,
    document: &Document,
    tree: &Node,
    states: &[String],
) -> Vec<Transition> {
    let nodes = tree.get("transitions").map_or(&[][..], Node::elements);
    let transitions: Vec<_> = nodes
        .iter()
        .filter_map(|node| transition(world, document, node, states))
        .collect();
    let known = |state: &String| states.contains(state);
    let sound = transitions
        .iter()
        .all(|one| known(&one.to) && one.from.iter().all(known));
    if sound && transitions.len() == nodes.len() {
        unreachable(document, tree, &transitions);
    }
    transitions
}

fn transition(
    world: &World<'_>,
    document: &Document,
    node: &Node,
    states: &[String],
) -> Option<Transition> {
    let from = node.get("from")?;
    let to = node.get("to")?;
    for state in from.elements().iter().chain([to]) {
        check_state(document, state, states);
    }
    let by = node
        .get("by")?
        .elements()
        .iter()
        .filter_map(|node| actor(world, document, node));
    Some(Transition {
        from: from.texts(),
        to: to.text()?.to_owned(),
        by: by.collect(),
    })
}

fn check_state(document: &Document, node: &Node, states: &[String]) {
    let Some(name) = node.text() else { return };
    if states.iter().any(|state| state == name) {
        return;
    }
    let message = format!("`{name}` is not one of `states`");
    let help = suggestion(name, states.iter().map(String::as_str), "state");
    document.report(Finding::error("UnknownState", node.span.clone(), message).help(help));
}

fn actor(world: &World<'_>, document: &Document, node: &Node) -> Option<Actor> {
    match node.text()? {
        "person" => Some(Actor::Person),
        "*" => Some(Actor::Anyone),
        _ => {
            let name = world.expect(document, node, Kind::Workflow)?;
            WorkflowName::new(name).ok().map(Actor::Workflow)
        }
    }
}

/// Warns about states that nothing leads to.
fn unreachable(document: &Document, tree: &Node, transitions: &[Transition]) {
    let initial = tree.get("initial").and_then(Node::text);
    let states = tree.get("states").map(Node::texts).unwrap_or_default();
    let Some(initial) = initial.filter(|name| states.iter().any(|state| state == name)) else {
        return;
    };
    let mut reached = BTreeSet::from([initial]);
    loop {
        let before = reached.len();
        for transition in transitions {
            if transition
                .from
                .iter()
                .any(|state| reached.contains(state.as_str()))
            {
                reached.insert(&transition.to);
            }
        }
        if reached.len() == before {
            break;
        }
    }
    for node in tree.get("states").map_or(&[][..], Node::elements) {
        if let Some(name) = node.text().filter(|name| !reached.contains(name)) {
            let message = format!("no transition leads to the state `{name}`");
            let help = format!("add `{{ from: [{initial}], to: {name}, by: … }}`, or remove it");
            document.report(
                Finding::warning("UnreachableState", node.span.clone(), message).help(help),
            );
        }
    }
}
