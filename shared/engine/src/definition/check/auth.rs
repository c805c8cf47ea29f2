//! `auth:` of a connection: how its calls authenticate.

use super::Place;
use super::expected::Expected;
use super::value::value;
use super::via::word;
use crate::definition::document::Finding;
use crate::definition::model::{Auth, ConnectionKind, Credentials, OAuth2, ValueExpression};
use crate::definition::yaml::Node;

/// Reads how a connection's calls authenticate; `None` when there is a mistake, which is reported.
pub(super) fn auth(
    place: Place<'_>,
    node: &Node,
    connection: &Node,
    kind: ConnectionKind,
) -> Option<Auth> {
    if let Some(secret) = text(node, "bearer") {
        return Some(Auth::Bearer(secret));
    }
    if let Some(basic) = node.get("basic") {
        return Some(Auth::Basic {
            user: text(basic, "user")?,
            secret: text(basic, "secret")?,
        });
    }
    if let Some(header) = node.get("header") {
        return Some(Auth::Header {
            name: text(header, "name")?,
            secret: text(header, "secret")?,
        });
    }
    let client = node.get("oauth2")?;
    let fits = speaks_oauth2(place, node, kind);
    let private = connection.flag("private") || kind == ConnectionKind::Sandbox;
    let client = oauth2(place, client, private)?;
    fits.then(|| Auth::OAuth2(Box::new(client)))
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key)?.text().map(str::to_owned)
}

fn speaks_oauth2(place: Place<'_>, node: &Node, kind: ConnectionKind) -> bool {
    let speaks = matches!(kind, ConnectionKind::Http | ConnectionKind::Sandbox);
    if let (Some(member), false) = (node.member("oauth2"), speaks) {
        let message = format!("a connection of kind `{}` has no `oauth2`", word(kind));
        let finding = Finding::error("MisplacedKey", member.key_span.clone(), message);
        let help = "only `kind: http` has: write `bearer: name-of-the-secret`, or `basic`";
        place.document.report(finding.help(help));
    }
    speaks
}

fn oauth2(place: Place<'_>, node: &Node, private: bool) -> Option<OAuth2> {
    let token_url = node.get("token_url")?;
    let setting = |key| value(place, node.get(key)?, Expected::Text);
    let (url, client_id) = (setting("token_url"), setting("client_id"));
    let scopes = node.get("scopes").map_or(&[][..], Node::elements).iter();
    let client = OAuth2 {
        token_url: is_safe(place, token_url, url?, private)?,
        client_id: client_id?,
        secret: text(node, "secret")?,
        refresh: text(node, "refresh"),
        scopes: scopes
            .filter_map(|one| one.text().map(str::to_owned))
            .collect(),
        credentials: match node.get("credentials").and_then(Node::text) {
            Some("body") => Credentials::Body,
            _ => Credentials::Header,
        },
    };
    Some(client)
}

/// The client's secret travels there: not in the clear, except where the author says that the
/// server is inside the network.
fn is_safe(
    place: Place<'_>,
    node: &Node,
    url: ValueExpression,
    private: bool,
) -> Option<ValueExpression> {
    let ValueExpression::Literal(literal) = &url else {
        return Some(url);
    };
    let text = literal.as_str().unwrap_or_default();
    if text.starts_with("https://") || (private && text.starts_with("http://")) {
        return Some(url);
    }
    let message = "a client's secret is sent there: the URL begins with `https://`";
    let finding = Finding::error("InvalidTokenUrl", node.span.clone(), message);
    let help = "write `https://…`; for a server inside your network add `private: true`";
    place.document.report(finding.help(help));
    None
}
