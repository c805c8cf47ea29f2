//! Connections: what each kind needs, and values that only the tenant's settings decide.

use std::collections::BTreeMap;

use super::auth::auth;
use super::expected::Expected;
use super::hours;
use super::mapped::transposed;
use super::test_file::status;
use super::treat::treat;
use super::value::value;
use super::world::{World, name_span};
use super::{Place, environment};
use crate::definition::document::Finding;
use crate::definition::folder::{Definition, Kind};
use crate::definition::model::{Connection, ConnectionKind, Idempotency, SandboxReply};
use crate::definition::yaml::Node;
use crate::name::{ConnectionName, SourceName};
use crate::retry::Ladder;

/// Compiles every connection.
pub(super) fn connections(world: &World<'_>) -> BTreeMap<ConnectionName, Connection> {
    let connections = world.folder.of(Kind::Connection);
    let compiled = connections.filter_map(|definition| connection(world, definition));
    compiled
        .map(|connection| (connection.name.clone(), connection))
        .collect()
}

/// The kind of the connection of this name, as far as its file can be read.
pub(super) fn kind_of(world: &World<'_>, name: &str) -> Option<ConnectionKind> {
    let mut connections = world.folder.of(Kind::Connection);
    kind(connections.find(|one| one.name == name)?.readable()?)
}

/// The kind of a connection, as far as its file can be read.
fn kind(tree: &Node) -> Option<ConnectionKind> {
    Some(match tree.get("kind")?.text()? {
        "http" => ConnectionKind::Http,
        "twilio" => ConnectionKind::Twilio,
        "smtp" => ConnectionKind::Smtp,
        "ses" => ConnectionKind::Ses,
        "slack" => ConnectionKind::Slack,
        "sandbox" => ConnectionKind::Sandbox,
        _ => return None,
    })
}

fn connection(world: &World<'_>, definition: &Definition) -> Option<Connection> {
    let tree = definition.readable()?;
    let env = environment::base(world);
    let place = Place::new(world, &definition.document, &env);
    let setting = |key| transposed(tree.get(key).map(|node| value(place, node, Expected::Text)));
    let (url, account, from) = (setting("url"), setting("account"), setting("from"));
    let kind = kind(tree)?;
    needs(place, tree, kind);
    let hours = transposed(tree.get("hours").map(|node| hours::named(place, node)));
    let auth = transposed(tree.get("auth").map(|node| auth(place, node, tree, kind)));
    let retry = transposed(tree.get("retry").map(|node| ladder(place, node)));
    let treat = transposed(tree.get("treat").map(|node| treat(place, node, kind)));
    let receipts = transposed(tree.get("receipts").map(|node| receipts(place, node)));
    let sandbox = transposed(tree.get("sandbox").map(|node| sandbox(place, node)));
    Some(Connection {
        name: definition.name.parse().ok()?,
        kind,
        url: url?,
        account: account?,
        from: from?,
        private: tree.flag("private"),
        auth: auth?,
        timeout: tree.get("timeout").and_then(Node::duration),
        rate: tree.read("rate"),
        hours: hours?,
        price: tree.get("price").and_then(|node| node.json().as_f64()),
        retry: retry?,
        treat: treat?.unwrap_or_default(),
        idempotency: tree.get("idempotency").and_then(idempotency),
        receipts: receipts?,
        sandbox: sandbox?,
    })
}

fn needs(place: Place<'_>, tree: &Node, kind: ConnectionKind) {
    let (word, keys): (_, &[&str]) = match kind {
        ConnectionKind::Http => ("http", &["url"]),
        ConnectionKind::Twilio => ("twilio", &["account", "from", "auth"]),
        ConnectionKind::Smtp => ("smtp", &["url", "from"]),
        ConnectionKind::Ses => ("ses", &["from"]),
        ConnectionKind::Slack => ("slack", &["auth"]),
        _ => return,
    };
    for key in keys.iter().filter(|key| tree.get(key).is_none()) {
        let message = format!("a connection of kind `{word}` needs `{key}`");
        let finding = Finding::error("MissingKey", name_span(tree, Kind::Connection), message);
        let example = match *key {
            "url" => {
                "add `url: https://api.example.com`, or `url: =config.…` to let tenants differ"
            }
            "auth" => "add `auth: { bearer: name-of-the-secret }`, or `basic: { user, secret }`",
            "account" => "add `account:` with the account's identifier",
            _ => "add `from:` with the sender, or `from: =config.…` to let tenants differ",
        };
        place.document.report(finding.help(example));
    }
}

fn idempotency(node: &Node) -> Option<Idempotency> {
    let header = node.get("header")?.text()?.to_owned();
    Some(Idempotency {
        header,
        window: node.get("window")?.duration()?,
    })
}

fn receipts(place: Place<'_>, node: &Node) -> Option<SourceName> {
    let name = place.world.expect(place.document, node, Kind::Source)?;
    let mut sources = place.world.folder.of(Kind::Source);
    let source = sources.find(|source| source.name == name)?;
    if source
        .readable()
        .is_some_and(|tree| tree.get("receipt").is_none())
    {
        let message = format!("the source `{name}` does not read receipts");
        let finding = Finding::error("MissingReceipt", node.span.clone(), message);
        let help = format!("add `receipt: query.ref` to `{}`", source.document.path);
        place.document.report(finding.help(help));
    }
    name.parse().ok()
}

fn sandbox(place: Place<'_>, node: &Node) -> Option<SandboxReply> {
    let given = node.get("status");
    let status = given.map_or(Some(200), |given| status(place.document, given))?;
    let body = node.get("body").map_or(serde_json::Value::Null, Node::json);
    let idempotent = node.get("idempotent").is_none() || node.flag("idempotent");
    Some(SandboxReply {
        status,
        body,
        idempotent,
    })
}

/// A named ladder, or one of the author's own.
pub(super) fn ladder(place: Place<'_>, node: &Node) -> Option<Ladder> {
    match node.text() {
        Some("standard") => return Some(Ladder::standard()),
        Some("quick") => return Some(Ladder::quick()),
        Some(_) => return None,
        None => {}
    }
    let delays = node
        .elements()
        .iter()
        .map(Node::duration)
        .collect::<Option<Vec<_>>>()?;
    Ladder::new(delays)
        .map_err(|error| {
            let finding = Finding::error(
                "InvalidLadder",
                node.span.clone(),
                format!("this ladder cannot be kept: {error}"),
            );
            let help =
                "write at most 6 delays of at most 11h; after the last one a person is asked";
            place.document.report(finding.help(help));
        })
        .ok()
}
