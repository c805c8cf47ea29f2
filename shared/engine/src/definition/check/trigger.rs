//! Triggers: what starts a workflow, and so which event and record it sees.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Place;
use super::environment::{either, object};
use super::record_trigger::by_record;
use super::source::{EventName, Head};
use super::world::World;
use crate::definition::document::Finding;
use crate::definition::folder::Kind;
use crate::definition::model::Trigger;
use crate::definition::nearest::nearest;
use crate::definition::yaml::Node;
use crate::expr::Type;
use crate::name::RecordType;

/// A trigger with what its workflow sees.
pub(super) struct Started {
    pub(super) trigger: Option<Trigger>,
    /// The type of `event`.
    pub(super) event: Type,
    /// The type of the execution's record; `None`: it has none, or it is not known.
    pub(super) home: Option<RecordType>,
    /// Whether a mistake hides what the record is.
    pub(super) uncertain: bool,
}

/// Compiles one trigger.
pub(super) fn trigger(place: Place<'_>, node: &Node) -> Started {
    match (node.get("event"), node.get("record")) {
        (Some(event), None) => by_event(place, node, event),
        (None, Some(change)) => by_record(place, node, change),
        _ => unknown(),
    }
}

pub(super) fn unknown() -> Started {
    Started {
        trigger: None,
        event: Type::Dynamic,
        home: None,
        uncertain: true,
    }
}

fn by_event(place: Place<'_>, node: &Node, event: &Node) -> Started {
    let of = node
        .get("of")
        .map(|of| place.world.expect_name(place.document, of));
    let Some(name) = event.text() else {
        return unknown();
    };
    let sources = matching(place.world, name);
    if sources.is_empty() {
        no_source(place, event, name);
        return unknown();
    }
    if let (Some(Some(ty)), Some(of)) = (&of, node.get("of")) {
        check_of(place, of, ty, &sources);
    }
    let data = sources.iter().map(|source| source.data.clone());
    let data = data.reduce(either).unwrap_or(Type::Dynamic);
    let owned = of.is_none() && sources.iter().any(|source| source.uncertain);
    let uncertain = owned || matches!(of, Some(None)) || unreadable_sources(place.world);
    let home = match &of {
        Some(of) => of.clone(),
        None => owner(&sources).filter(|_| !uncertain),
    };
    let trigger = (!matches!(of, Some(None))).then(|| Trigger::Event {
        name: name.to_owned(),
        of: of.flatten(),
    });
    Started {
        trigger,
        event: envelope(vec![("data", data)]),
        home,
        uncertain,
    }
}

/// The record type that owns the events of all these sources.
fn owner(sources: &[&Head]) -> Option<RecordType> {
    let owners: BTreeSet<_> = sources
        .iter()
        .filter_map(|source| source.owner.as_ref())
        .collect();
    let only = owners.first().copied().filter(|_| owners.len() == 1);
    only.cloned()
}

/// The sources that give this event: those whose literal prefix is the longest.
pub(super) fn matching<'w>(world: &'w World<'_>, name: &str) -> Vec<&'w Head> {
    let closeness = |head: &&Head| head.event.closeness(name);
    let best = world
        .sources
        .values()
        .filter_map(|head| closeness(&head))
        .max();
    world
        .sources
        .values()
        .filter(|head| best.is_some() && closeness(head) == best)
        .collect()
}

pub(super) fn unreadable_sources(world: &World<'_>) -> bool {
    world
        .folder
        .of(Kind::Source)
        .any(|source| source.readable().is_none())
}

pub(super) fn no_source(place: Place<'_>, event: &Node, name: &str) {
    if unreadable_sources(place.world) {
        return;
    }
    let names: Vec<_> = place
        .world
        .sources
        .values()
        .map(|head| match &head.event {
            EventName::Exactly(name) => name.clone(),
            EventName::Prefix(prefix) => format!("{prefix}…"),
        })
        .collect();
    let first = name.split('.').next().unwrap_or(name);
    let words = names
        .iter()
        .map(|name| name.split('.').next().unwrap_or(name));
    let help = match nearest(first, words) {
        Some(near) if near != first => format!("did you mean `{near}.…`?"),
        _ if names.is_empty() => "there is no source yet; a new one is `<name>.source.yaml`".into(),
        _ => format!(
            "the sources give {}",
            names
                .iter()
                .map(|n| format!("`{n}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let message = format!("no source gives the event `{name}`");
    place
        .document
        .report(Finding::error("UnknownEvent", event.span.clone(), message).help(help));
}

fn check_of(place: Place<'_>, of: &Node, ty: &RecordType, sources: &[&Head]) {
    let known: BTreeSet<_> = sources.iter().flat_map(|source| &source.records).collect();
    if known.contains(ty) {
        return;
    }
    let message = format!("the event's source says nothing of a `{ty}`");
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let help = if names.is_empty() {
        format!("add a `{ty}` to `records:` of the source")
    } else {
        format!(
            "it speaks of {}: use one, or add a `{ty}` to `records:` of the source",
            names.join(", ")
        )
    };
    place
        .document
        .report(Finding::error("UnknownRecord", of.span.clone(), message).help(help));
}

/// What every event has, and these.
pub(super) fn envelope(members: Vec<(&str, Type)>) -> Type {
    let common = object([
        ("id", Type::String),
        ("name", Type::String),
        ("at", Type::Time),
    ]);
    let own = members
        .into_iter()
        .map(|(name, ty)| (name.to_owned(), ty))
        .collect();
    either(common, Type::Object(Arc::new(own)))
}
