//! Test files against the compiled pack that they test.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::expectation::expectation;
use super::expected::Expected;
use super::world::expect_field;
use crate::definition::document::{Document, Finding};
use crate::definition::folder::Definition;
use crate::definition::model::{Pack, RecordDefinition};
use crate::definition::nearest::suggestion;
use crate::definition::test_file::{GivenRecord, Reply, TestAction, TestDefinition};
use crate::definition::yaml::{Member, Node};
use crate::field::Kind;
use crate::name::ConnectionName;

/// Reads a test; `None` when it has mistakes, which are reported.
pub(crate) fn test(definition: &Definition, pack: &Pack) -> Option<TestDefinition> {
    let document = &definition.document;
    let tree = definition.readable()?;
    let each = |key: &str| tree.get(key).map_or(&[][..], Node::elements).iter();
    let given = each("given")
        .filter_map(|node| given(document, pack, node))
        .collect();
    let actions = each("do").filter_map(action).collect();
    let expect = each("expect")
        .filter_map(|node| expectation(document, pack, node))
        .collect();
    Some(TestDefinition {
        name: definition.name.clone(),
        sentence: tree.get("test")?.text()?.to_owned(),
        now: now(document, tree),
        config: config(document, pack, tree),
        given,
        replies: replies(document, pack, tree),
        actions,
        expect,
    })
}

fn now(document: &Document, tree: &Node) -> Option<Timestamp> {
    let node = tree.get("now").filter(|node| !node.is_broken())?;
    let time = node.text()?.parse().ok();
    if time.is_none() {
        let message = "`now` is not a time";
        let finding = Finding::error("WrongType", node.span.clone(), message);
        document.report(finding.help("write it in RFC 3339: now: 2026-11-20T09:00:00Z"));
    }
    time
}

fn config(document: &Document, pack: &Pack, tree: &Node) -> Map<String, Json> {
    let members = tree.get("config").map_or(&[][..], Node::members).iter();
    let settings = members.filter_map(|member| {
        if member.key == "tz" {
            return Some((member.key.clone(), member.value.json()));
        }
        let Some(field) = pack.config.get(&member.key) else {
            let message = format!("the pack has no setting `{}`", member.key);
            let help = suggestion(
                &member.key,
                pack.config.keys().map(String::as_str),
                "setting",
            );
            let finding = Finding::error("UnknownSetting", member.key_span.clone(), message);
            document.report(finding.help(help));
            return None;
        };
        Some((
            member.key.clone(),
            accepted(document, &member.value, Expected::Field(field))?,
        ))
    });
    settings.collect()
}

/// A literal in the normal form of what is expected.
pub(super) fn accepted(document: &Document, node: &Node, expected: Expected<'_>) -> Option<Json> {
    expected
        .literal(node.json())
        .map_err(|unfit| {
            let mut finding = Finding::error("WrongType", node.span.clone(), unfit.message);
            finding.help = unfit.help;
            document.report(finding);
        })
        .ok()
}

/// A record type of the pack; reports it otherwise.
pub(super) fn record<'p>(
    document: &Document,
    pack: &'p Pack,
    name: &str,
    span: std::ops::Range<usize>,
) -> Option<&'p RecordDefinition> {
    let found = pack.records.get(name);
    if found.is_none() {
        let names = pack.records.keys().map(crate::name::RecordType::as_str);
        let message = format!("there is no record `{name}`");
        let finding = Finding::error("UnknownRecord", span, message);
        document.report(finding.help(suggestion(name, names, "record")));
    }
    found.map(AsRef::as_ref)
}

fn given(document: &Document, pack: &Pack, node: &Node) -> Option<GivenRecord> {
    let name = node.get("record")?;
    let record = record(document, pack, name.text()?, name.span.clone())?;
    let members = node.get("fields")?.members();
    let fields = fields(
        document,
        record,
        members.iter().filter(|member| member.key != "status"),
    );
    let status = node.get("fields")?.get("status");
    let status = status.and_then(|node| accepted(document, node, Expected::State(record)));
    let status = status.and_then(|status| status.as_str().map(str::to_owned));
    Some(GivenRecord {
        record: record.name.clone(),
        status,
        fields,
    })
}

/// Values of a record's fields; a ref is the key of another record, resolved when the test runs.
pub(super) fn fields<'m>(
    document: &Document,
    record: &RecordDefinition,
    members: impl Iterator<Item = &'m Member>,
) -> Map<String, Json> {
    let values = members.filter_map(|member| {
        let (name, span) = (&member.key, member.key_span.clone());
        let field = expect_field(document, record, name, span)?;
        let value = match field.kind {
            Kind::Ref(_) => member.value.json(),
            _ => accepted(document, &member.value, Expected::Field(field))?,
        };
        Some((name.clone(), value))
    });
    values.collect()
}

fn replies(document: &Document, pack: &Pack, tree: &Node) -> BTreeMap<ConnectionName, Vec<Reply>> {
    let members = tree.get("replies").map_or(&[][..], Node::members).iter();
    let replies = members.filter_map(|member| {
        let replies = member.value.elements().iter();
        let replies = replies.filter_map(|node| reply(document, node)).collect();
        let name = connection(document, pack, &member.key, member.key_span.clone())?;
        Some((name, replies))
    });
    replies.collect()
}

/// A connection of the pack; reports it otherwise.
pub(super) fn connection(
    document: &Document,
    pack: &Pack,
    name: &str,
    span: std::ops::Range<usize>,
) -> Option<ConnectionName> {
    let found = pack.connections.keys().find(|known| known.as_str() == name);
    if found.is_none() {
        let names = pack.connections.keys().map(ConnectionName::as_str);
        let message = format!("there is no connection `{name}`");
        let finding = Finding::error("UnknownConnection", span, message);
        document.report(finding.help(suggestion(name, names, "connection")));
    }
    found.cloned()
}

fn reply(document: &Document, node: &Node) -> Option<Reply> {
    match node.text() {
        Some("timeout") => return Some(Reply::Timeout),
        Some("reset") => return Some(Reply::Reset),
        Some("drop") => return Some(Reply::Drop),
        Some(_) => return None,
        None => {}
    }
    let headers = node.get("headers").map_or(&[][..], Node::members).iter();
    Some(Reply::Answer {
        status: status(document, node.get("status")?)?,
        headers: headers
            .filter_map(|member| Some((member.key.clone(), member.value.text()?.to_owned())))
            .collect(),
        body: node.get("body").map_or(Json::Null, Node::json),
    })
}

/// An HTTP status; reports it otherwise.
pub(super) fn status(document: &Document, node: &Node) -> Option<u16> {
    let code = node
        .json()
        .as_u64()
        .filter(|code| (100..600).contains(code));
    if code.is_none() && !node.is_broken() {
        let message = "an HTTP status is 100 to 599";
        let finding = Finding::error("WrongType", node.span.clone(), message);
        document.report(finding.help("status: 200"));
    }
    code.and_then(|code| u16::try_from(code).ok())
}

fn action(node: &Node) -> Option<TestAction> {
    if let Some(file) = node.get("event") {
        return Some(TestAction::Event {
            file: file.text()?.to_owned(),
        });
    }
    node.read("advance").map(TestAction::Advance)
}
