//! Sources: verification, the event's name and data, and the records that it speaks of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::logic::{condition, logic};
use super::mapped::{self, mapped, transposed};
use super::payload::payload;
use super::verification::verification;
use super::world::{World, name_span};
use super::{Place, environment};
use crate::definition::document::Finding;
use crate::definition::folder::{Definition, Kind};
use crate::definition::model::{Challenge, EventIdRule, OptOut, Source};
use crate::definition::yaml::Node;
use crate::expr::{Expression, Type};
use crate::name::{RecordType, SourceName};
use crate::suppression::Channel;

/// What workflows know of a source.
pub(crate) struct Head {
    /// Which event names it can give.
    pub(super) event: EventName,
    /// The type of `event.data`.
    pub(super) data: Type,
    /// The type of the record whose timeline holds its events.
    pub(super) owner: Option<RecordType>,
    /// Whether a mistake hides which record owns.
    pub(super) uncertain: bool,
    /// The types of all its records.
    pub(super) records: BTreeSet<RecordType>,
    /// Whether its events may say which step they speak of.
    pub(super) receipts: bool,
}

/// Which event names an `event:` expression can give, as far as its text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventName {
    /// Only this one.
    Exactly(String),
    /// Those that begin so; empty: any.
    Prefix(String),
}

impl EventName {
    fn of(expression: &str) -> Self {
        let text = expression.trim();
        let any = Self::Prefix(String::new());
        let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return any;
        };
        let Some((literal, rest)) = text.get(1..).and_then(|text| text.split_once(quote)) else {
            return any;
        };
        match rest.trim_start() {
            _ if literal.contains('\\') => any,
            "" => Self::Exactly(literal.to_owned()),
            rest if rest.starts_with('+') && !rest.contains(" ? ") => {
                Self::Prefix(literal.to_owned())
            }
            _ => any,
        }
    }

    /// How closely a name matches; `None` when it cannot be given.
    pub(super) fn closeness(&self, name: &str) -> Option<usize> {
        match self {
            Self::Exactly(exact) => (exact == name).then_some(usize::MAX),
            Self::Prefix(prefix) => {
                (name.len() > prefix.len() && name.starts_with(prefix)).then_some(prefix.len())
            }
        }
    }
}

/// What workflows know of each source.
pub(super) fn heads(world: &World<'_>) -> BTreeMap<String, Head> {
    let sources = world.folder.of(Kind::Source);
    let heads = sources.filter_map(|definition| {
        let tree = definition.readable()?;
        let env = environment::request(world);
        let place = Place::new(world, &definition.document, &env);
        let mappings = tree.get("records").map_or(&[][..], Node::elements);
        let ty = |node: &Node| {
            node.read("type")
                .filter(|ty| world.records.contains_key(ty))
        };
        let owners: Vec<_> = mappings.iter().filter(|node| owns(node)).collect();
        let owner = owners.first().copied().and_then(ty);
        let head = Head {
            event: EventName::of(tree.get("event").and_then(Node::text).unwrap_or("")),
            data: tree
                .get("data")
                .map_or_else(empty, |node| mapped::ty(place, node)),
            uncertain: !mappings.is_empty() && (owners.len() != 1 || owner.is_none()),
            owner,
            records: mappings.iter().filter_map(ty).collect(),
            receipts: tree.get("receipt").is_some(),
        };
        Some((definition.name.clone(), head))
    });
    heads.collect()
}

fn empty() -> Type {
    Type::Object(Arc::default())
}

fn owns(node: &Node) -> bool {
    node.get("owns").is_none() || node.flag("owns")
}

/// Compiles every source.
pub(super) fn sources(world: &World<'_>) -> BTreeMap<SourceName, Source> {
    let sources = world.folder.of(Kind::Source);
    let compiled = sources.filter_map(|definition| source(world, definition));
    compiled
        .map(|source| (source.name.clone(), source))
        .collect()
}

fn source(world: &World<'_>, definition: &Definition) -> Option<Source> {
    let tree = definition.readable()?;
    let env = environment::request(world);
    let place = Place::new(world, &definition.document, &env);
    check_owner(place, tree);
    let verify = tree
        .get("verify")
        .and_then(|node| verification(place, node));
    let accept = transposed(tree.get("accept").map(|node| condition(place, node)));
    let event = tree
        .get("event")
        .and_then(|node| logic(place, node, Some(&Type::String)));
    let split = transposed(tree.get("split").map(|node| split(place, node)));
    let schema = transposed(tree.get("schema").map(|node| payload(place, node)));
    let id = tree.get("id").and_then(|node| id(place, node));
    if let (Some(Some(_)), Some(EventIdRule::Logic(rule))) = (&split, &id) {
        check_element_id(place, tree, rule);
    }
    let challenge = transposed(tree.get("challenge").map(|node| challenge(place, node)));
    let opt_out = transposed(tree.get("opt_out").map(|node| opt_out(place, node)));
    let receipt = transposed(
        tree.get("receipt")
            .map(|node| logic(place, node, Some(&Type::String))),
    );
    let data = mapped(place, tree.get("data"));
    let records = super::mapping::mappings(place, tree);
    if !(tree.counts("data", data.len()) && tree.counts("records", records.len())) {
        return None;
    }
    Some(Source {
        name: definition.name.parse().ok()?,
        verify: verify?,
        accept: accept?,
        split: split?,
        schema: schema?,
        challenge: challenge?,
        event: event?,
        id: id?,
        data,
        records,
        receipt: receipt?,
        opt_out: opt_out?,
        echoes: tree.flag("echoes"),
    })
}

fn split(place: Place<'_>, node: &Node) -> Option<Expression> {
    logic(place, node, Some(&Type::List(Box::new(Type::Dynamic))))
}

/// The elements of a batch share headers and query: only their bodies tell them apart.
fn check_element_id(place: Place<'_>, tree: &Node, rule: &Expression) {
    let of_body = |path: &String| path.split(['.', '[']).next() == Some("body");
    if rule.paths().is_empty() || rule.paths().iter().any(of_body) {
        return;
    }
    let span = tree.get("id").unwrap_or(tree).span.clone();
    let message = "every event of a batch would have the same id";
    let finding = Finding::error("ConstantId", span, message);
    place
        .document
        .report(finding.help("with `split`, `body` is one element: id: body.id"));
}

fn challenge(place: Place<'_>, node: &Node) -> Option<Challenge> {
    let condition = node.get("if").and_then(|node| condition(place, node));
    let reply = node
        .get("reply")
        .and_then(|node| logic(place, node, Some(&Type::String)));
    Some(Challenge {
        condition: condition?,
        reply: reply?,
    })
}

fn opt_out(place: Place<'_>, node: &Node) -> Option<OptOut> {
    let text = |key| logic(place, node.get(key)?, Some(&Type::String));
    let wish = |key| condition(place, node.get(key)?);
    let (address, stop, start) = (text("address"), wish("stop"), wish("start"));
    let at = transposed(
        node.get("at")
            .map(|node| logic(place, node, Some(&Type::Time))),
    );
    Some(OptOut {
        channel: node
            .get("channel")
            .and_then(Node::text)
            .and_then(Channel::of)?,
        address: address?,
        stop: stop?,
        start: start?,
        at: at?,
    })
}

fn id(place: Place<'_>, node: &Node) -> Option<EventIdRule> {
    if node.text() != Some("body-hash") {
        let id = logic(place, node, None)?;
        if id.paths().is_empty() {
            let message = "every event of this source would have the same id";
            let finding = Finding::error("ConstantId", node.span.clone(), message);
            place
                .document
                .report(finding.help("read the provider's own id: body.id"));
        }
        return Some(EventIdRule::Logic(id));
    }
    let message = "events are told apart only by their whole body";
    let finding = Finding::warning("BodyHashId", node.span.clone(), message)
        .help("name the provider's own id, such as `id: body.id`, so that a resent event with another timestamp is recognised");
    place.document.report(finding);
    Some(EventIdRule::BodyHash)
}

/// Exactly one record owns a source's events, unless there is no record at all.
fn check_owner(place: Place<'_>, tree: &Node) {
    let mappings = tree.get("records").map_or(&[][..], Node::elements);
    if mappings.is_empty() || mappings.iter().any(Node::is_broken) {
        return;
    }
    let owners: Vec<_> = mappings.iter().filter(|node| owns(node)).collect();
    let span = match owners.as_slice() {
        [_] => return,
        [] => name_span(tree, Kind::Source),
        [_, second, ..] => second.get("as").unwrap_or(second).span.clone(),
    };
    let (message, help) = if owners.is_empty() {
        (
            "no record owns the events of this source",
            "remove `owns: false` from one of them",
        )
    } else {
        (
            "only one record can own the events of a source",
            "add `owns: false` to the others",
        )
    };
    let finding = Finding::error("OwningRecord", span, message);
    place.document.report(finding.help(format!(
        "the owner is the record in whose timeline the event is found: {help}"
    )));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_prefix_of_an_event_expression_tells_its_names() {
        let prefix = |text: &str| EventName::Prefix(text.into());
        assert_eq!(
            EventName::of("'calendly.' + body.event"),
            prefix("calendly.")
        );
        assert_eq!(EventName::of("\"stripe.\" + body.type"), prefix("stripe."));
        assert_eq!(
            EventName::of("'sms.reply'"),
            EventName::Exactly("sms.reply".into())
        );
        assert_eq!(EventName::of("body.type"), prefix(""));
        assert_eq!(EventName::of("'a' == body.x ? 'b' : 'c'"), prefix(""));
        assert_eq!(
            prefix("calendly.").closeness("calendly.invitee.created"),
            Some(9)
        );
        assert_eq!(prefix("calendly.").closeness("stripe.paid"), None);
    }
}
