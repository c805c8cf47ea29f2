//! `alerts:` of `pack.yaml`: where failures are told.

use super::expected::Expected;
use super::mapped::transposed;
use super::value::value;
use super::via::{kinds, word};
use super::world::{World, name_span};
use super::{Place, connection, environment, pack};
use crate::definition::document::{Document, Finding};
use crate::definition::folder::Kind;
use crate::definition::model::{Alerts, ConnectionKind, ValueExpression};
use crate::definition::yaml::Node;
use crate::field::{Field, Kind as FieldKind, accept};
use crate::name::ConnectionName;

/// Compiles where alerts go.
pub(super) fn alerts(world: &World<'_>) -> Option<Alerts> {
    let (definition, tree) = pack::tree(world.folder)?;
    let document = &definition.document;
    let Some(node) = tree.get("alerts") else {
        missing(world, document, tree);
        return None;
    };
    let env = environment::base(world);
    let place = Place::new(world, document, &env);
    let slack = transposed(
        node.get("slack")
            .map(|node| connection(place, node, ConnectionKind::Slack, "alerts to `slack`")),
    );
    let sms = transposed(
        node.get("sms")
            .map(|node| connection(place, node, ConnectionKind::Twilio, "alerts by `sms`")),
    );
    pairs(document, node);
    let phones = node.get("phones").map_or(&[][..], Node::elements).iter();
    let phones: Vec<_> = phones.map(|node| phone(place, node)).collect();
    Some(Alerts {
        slack: slack?,
        sms: sms?,
        phones: phones.into_iter().collect::<Option<_>>()?,
    })
}

/// A failure that nobody is told of is silent: asks for `alerts` where workflows matter.
fn missing(world: &World<'_>, document: &Document, tree: &Node) {
    let mut workflows = world.folder.of(Kind::Workflow);
    let urgent = workflows.any(|one| {
        let severity = one.readable().and_then(|tree| tree.get("severity"));
        matches!(severity.and_then(Node::text), Some("P1" | "P2"))
    });
    if urgent {
        let span = name_span(tree, Kind::Pack);
        let message = "nobody is told when a P1 or P2 workflow of this pack fails";
        let help = "add `alerts: { slack: a-connection, sms: a-connection, phones: [\"+1…\"] }`";
        document.report(Finding::warning("NoAlerts", span, message).help(help));
    }
}

fn connection(
    place: Place<'_>,
    node: &Node,
    kind: ConnectionKind,
    what: &str,
) -> Option<ConnectionName> {
    let name = place.world.expect(place.document, node, Kind::Connection)?;
    let found = connection::kind_of(place.world, name);
    if let Some(found) = found.filter(|found| ![kind, ConnectionKind::Sandbox].contains(found)) {
        let message = format!(
            "{what} cannot go through a connection of kind `{}`",
            word(found)
        );
        let finding = Finding::error("WrongConnection", node.span.clone(), message);
        let help = format!("name {}", kinds(&[kind, ConnectionKind::Sandbox]));
        place.document.report(finding.help(help));
    }
    name.parse().ok()
}

/// Phones are reached through `sms`, and `sms` reaches nobody without phones.
fn pairs(document: &Document, node: &Node) {
    for (given, needed, help) in [
        (
            "phones",
            "sms",
            "add `sms:` with a connection of kind `twilio`",
        ),
        (
            "sms",
            "phones",
            "add `phones:` in the order in which they are called",
        ),
    ] {
        if let (Some(member), None) = (node.member(given), node.get(needed)) {
            let message = format!("`{given}` needs `{needed}`");
            let finding = Finding::error("MissingKey", member.key_span.clone(), message);
            document.report(finding.help(help));
        }
    }
}

/// A phone: E.164 where it is written down, and whatever the tenant's setting says otherwise.
fn phone(place: Place<'_>, node: &Node) -> Option<ValueExpression> {
    let value = value(place, node, Expected::Text)?;
    let ValueExpression::Literal(literal) = &value else {
        return Some(value);
    };
    let field = Field::of(FieldKind::Phone);
    if accept(&field, literal).is_ok_and(|accepted| accepted == *literal) {
        return Some(value);
    }
    let message = "a phone to alert is written with its country code and without spaces";
    let finding = Finding::error("WrongType", node.span.clone(), message);
    place
        .document
        .report(finding.help("\"+12025550142\", or `=config.…` to let tenants differ"));
    None
}
