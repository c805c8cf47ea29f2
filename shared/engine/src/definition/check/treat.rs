//! `treat:`: what the statuses of a connection mean.

use std::collections::BTreeMap;

use super::Place;
use super::via::word;
use crate::definition::document::Finding;
use crate::definition::model::{ConnectionKind, Treatment};
use crate::definition::yaml::{Member, Node};

/// Reads what statuses mean; `None` when there is a mistake, which is reported.
pub(super) fn treat(
    place: Place<'_>,
    node: &Node,
    kind: ConnectionKind,
) -> Option<BTreeMap<u16, Treatment>> {
    if kind != ConnectionKind::Http {
        return refuse(place, node, kind);
    }
    let read = node.members().iter().map(|member| one(place, member));
    read.collect::<Vec<_>>().into_iter().collect()
}

fn one(place: Place<'_>, member: &Member) -> Option<(u16, Treatment)> {
    let status = status(place, member);
    Some((status?, Treatment::of(member.value.text()?)?))
}

fn status(place: Place<'_>, member: &Member) -> Option<u16> {
    let status = Some(&member.key).filter(|key| key.len() == 3);
    let status = status.and_then(|key| key.parse().ok());
    let status = status.filter(|status| (100..600).contains(status));
    if status.is_none() {
        let message = format!("`{}` is not an HTTP status", member.key);
        let finding = Finding::error("WrongType", member.key_span.clone(), message);
        let help = "write one status from 100 to 599 for each line: `409: success`";
        place.document.report(finding.help(help));
    }
    status
}

/// The other kinds speak protocols whose answers their providers read.
fn refuse<T>(place: Place<'_>, node: &Node, kind: ConnectionKind) -> Option<T> {
    let message = format!("a connection of kind `{}` has no `treat`", word(kind));
    let finding = Finding::error("MisplacedKey", node.span.clone(), message);
    let help = "only the statuses of an `http` connection are the author's to explain: remove it";
    place.document.report(finding.help(help));
    None
}
