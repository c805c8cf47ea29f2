//! How a source's requests prove their origin.

use super::Place;
use crate::definition::document::Finding;
use crate::definition::model::Verification;
use crate::definition::nearest::suggestion;
use crate::definition::yaml::Node;
use crate::verify::{Digest, Encoding, Generic, Scheme, Short};

/// The settings of the scheme `hmac`, which no other scheme has.
const SETTINGS: [&str; 5] = ["header", "digest", "encoding", "prefix", "timestamp"];

pub(super) fn verification(place: Place<'_>, node: &Node) -> Option<Verification> {
    let scheme = scheme(place, node.get("scheme").unwrap_or(node))?;
    let scheme = match scheme {
        Scheme::Hmac(_) => Scheme::Hmac(generic(place, node)?),
        other => {
            refuse_settings(place, node, other);
            other
        }
    };
    let secrets = secrets(place, node, scheme)?;
    let tolerance = node.get("tolerance");
    if let Some(tolerance) = tolerance.filter(|_| !scheme.has_clock()) {
        let message = format!("the scheme `{scheme}` signs no time, so nothing can be too old");
        let finding = Finding::error("MisplacedKey", tolerance.span.clone(), message);
        place.document.report(finding.help(match scheme {
            Scheme::Hmac(_) => "name the header of the time of signing: `timestamp: x-timestamp`",
            _ => "remove `tolerance`",
        }));
    }
    Some(Verification {
        scheme,
        secrets,
        tolerance: tolerance.and_then(Node::duration),
    })
}

fn scheme(place: Place<'_>, node: &Node) -> Option<Scheme> {
    let name = node.text()?;
    let scheme = name.parse().ok();
    if scheme.is_none() {
        let names = Scheme::ALL.iter().map(|scheme| scheme.name());
        let message = format!("there is no signature scheme `{name}`");
        let finding = Finding::error("UnknownScheme", node.span.clone(), message);
        place
            .document
            .report(finding.help(suggestion(name, names, "scheme")));
    }
    scheme
}

fn secrets(place: Place<'_>, node: &Node, scheme: Scheme) -> Option<Vec<String>> {
    let secrets = node.get("secret").map(Node::texts).unwrap_or_default();
    if scheme == Scheme::None {
        let span = node.get("scheme").unwrap_or(node).span.clone();
        let message = "anyone who knows the address can send events to this source";
        let finding = Finding::warning("UnverifiedSource", span, message);
        place
            .document
            .report(finding.help("verify signatures if the provider has any"));
    } else if secrets.is_empty() && !node.get("secret").is_some_and(Node::is_broken) {
        let message = format!("the scheme `{scheme}` needs a secret");
        let finding = Finding::error("MissingKey", node.span.clone(), message);
        place
            .document
            .report(finding.help("add `secret: name-of-the-secret`"));
        return None;
    }
    Some(secrets)
}

/// The settings of `hmac`.
fn generic(place: Place<'_>, node: &Node) -> Option<Generic> {
    let Some(header_node) = node.get("header") else {
        let message = "the scheme `hmac` needs the header that holds the signature";
        let finding = Finding::error("MissingKey", node.span.clone(), message);
        place
            .document
            .report(finding.help("add `header: x-signature`"));
        return None;
    };
    let word = |key: &str| node.get(key).and_then(Node::text);
    let timestamp = match node.get("timestamp") {
        None => None,
        Some(name) => Some(header(place, name)?),
    };
    let prefix = match node.get("prefix") {
        None => "",
        Some(prefix) => prefix.text()?,
    };
    let Some(prefix) = Short::new(prefix).filter(|prefix| !prefix.as_str().contains(',')) else {
        let span = node.get("prefix").unwrap_or(node).span.clone();
        let message = "a prefix has at most 48 characters and no comma";
        let finding = Finding::error("BadConstraint", span, message);
        place.document.report(finding.help("prefix: sha256="));
        return None;
    };
    Some(Generic {
        header: header(place, header_node)?,
        digest: word("digest").map_or(Some(Digest::default()), Digest::named)?,
        encoding: word("encoding").map_or(Some(Encoding::default()), Encoding::named)?,
        prefix,
        timestamp,
    })
}

/// A header's name, in lower case as headers arrive.
fn header(place: Place<'_>, node: &Node) -> Option<Short> {
    let text = node.text()?.to_ascii_lowercase();
    let is_name = http::HeaderName::from_bytes(text.as_bytes()).is_ok();
    let short = Short::new(&text).filter(|_| is_name);
    if short.is_none() {
        let message = format!("`{text}` is not the name of a header");
        let finding = Finding::error("InvalidName", node.span.clone(), message);
        place
            .document
            .report(finding.help("letters, digits and `-`, at most 48: `x-signature`"));
    }
    short
}

fn refuse_settings(place: Place<'_>, node: &Node, scheme: Scheme) {
    for setting in SETTINGS {
        let Some(value) = node.get(setting) else {
            continue;
        };
        let message = format!("the scheme `{scheme}` knows its own `{setting}`");
        let finding = Finding::error("MisplacedKey", value.span.clone(), message);
        place
            .document
            .report(finding.help(format!("remove `{setting}`, or use `scheme: hmac`")));
    }
}
