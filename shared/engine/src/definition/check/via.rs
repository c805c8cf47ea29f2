//! `via:`: a connection that exists, of a kind that the step function can use.

use super::{Place, connection};
use crate::definition::catalog::Signature;
use crate::definition::document::Finding;
use crate::definition::folder::Kind;
use crate::definition::model::ConnectionKind;
use crate::definition::yaml::Node;
use crate::name::ConnectionName;

/// The connection of a step; `None` when it has a mistake, which is reported.
#[expect(
    clippy::option_option,
    reason = "broken and without a connection are different"
)]
pub(super) fn via(
    place: Place<'_>,
    node: &Node,
    signature: &Signature,
) -> Option<Option<ConnectionName>> {
    let Some(member) = node.member("via") else {
        if signature.connections.is_empty() {
            return Some(None);
        }
        let span = node.get("uses").map_or(0..0, |uses| uses.span.clone());
        let finding = Finding::error(
            "MissingKey",
            span,
            format!("`{}` needs a connection", signature.name),
        );
        place
            .document
            .report(finding.help(format!("add `via:` with {}", kinds(&signature.connections))));
        return None;
    };
    if signature.connections.is_empty() {
        let message = format!("`{}` uses no connection", signature.name);
        let finding = Finding::error("MisplacedKey", member.key_span.clone(), message);
        place.document.report(finding.help("remove `via`"));
        return None;
    }
    let name = place
        .world
        .expect(place.document, &member.value, Kind::Connection)?;
    check_kind(place, &member.value, name, signature);
    Some(name.parse().ok())
}

fn check_kind(place: Place<'_>, node: &Node, name: &str, signature: &Signature) {
    let Some(kind) = connection::kind_of(place.world, name) else {
        return;
    };
    if kind == ConnectionKind::Sandbox || signature.connections.contains(&kind) {
        return;
    }
    let message = format!(
        "`{}` cannot use a connection of kind `{}`",
        signature.name,
        word(kind)
    );
    let finding = Finding::error("WrongConnection", node.span.clone(), message);
    let help = format!("name {}", kinds(&signature.connections));
    place.document.report(finding.help(help));
}

pub(super) fn kinds(kinds: &[ConnectionKind]) -> String {
    let built = |kind: &&ConnectionKind| **kind != ConnectionKind::Model;
    let words: Vec<_> = kinds
        .iter()
        .filter(built)
        .map(|kind| format!("`{}`", word(*kind)))
        .collect();
    format!("a connection of kind {}", words.join(" or "))
}

pub(super) fn word(kind: ConnectionKind) -> &'static str {
    match kind {
        ConnectionKind::Http => "http",
        ConnectionKind::Twilio => "twilio",
        ConnectionKind::Smtp => "smtp",
        ConnectionKind::Ses => "ses",
        ConnectionKind::Slack => "slack",
        ConnectionKind::Model => "model",
        ConnectionKind::Sandbox => "sandbox",
    }
}
