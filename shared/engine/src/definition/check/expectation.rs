//! What a test expects, told apart by its first key.

use super::expected::Expected;
use super::test_file::{accepted, connection, fields, record};
use crate::definition::document::{Document, Finding};
use crate::definition::model::Pack;
use crate::definition::nearest::suggestion;
use crate::definition::test_file::Expectation;
use crate::definition::yaml::{Data, Member, Node};
use crate::name::WorkflowName;

/// Reads one expectation.
pub(super) fn expectation(document: &Document, pack: &Pack, node: &Node) -> Option<Expectation> {
    let Some(first) = node.members().first() else {
        if !node.is_broken() {
            let finding = Finding::error("MissingKey", node.span.clone(), "this expects nothing");
            document.report(finding.help("{ sent: sms, count: 1 }"));
        }
        return None;
    };
    let others: &[&str] = match first.key.as_str() {
        "sent" => &["count", "body"],
        "skipped" => &["count"],
        _ => &[],
    };
    for member in node
        .members()
        .iter()
        .skip(1)
        .filter(|m| !others.contains(&m.key.as_str()))
    {
        let message = format!(
            "an expectation of `{}` has no key `{}`",
            first.key, member.key
        );
        let finding = Finding::error("UnknownKey", member.key_span.clone(), message);
        document.report(finding.help("write each expectation as an element of its own"));
    }
    match first.key.as_str() {
        "sent" => sent(document, pack, node, &first.value),
        "skipped" => skipped(document, pack, node, &first.value),
        "error" => Some(Expectation::Error {
            code: text(document, &first.value)?,
        }),
        _ => of_record(document, pack, first),
    }
}

fn sent(document: &Document, pack: &Pack, node: &Node, name: &Node) -> Option<Expectation> {
    let connection = connection(document, pack, name.text()?, name.span.clone())?;
    let body = node.get("body").and_then(|body| text(document, body));
    Some(Expectation::Sent {
        connection,
        count: count(document, node)?,
        body,
    })
}

fn skipped(document: &Document, pack: &Pack, node: &Node, name: &Node) -> Option<Expectation> {
    let text = name.text()?;
    let found = pack.workflows.keys().find(|known| known.as_str() == text);
    if found.is_none() {
        let names = pack.workflows.keys().map(WorkflowName::as_str);
        let message = format!("there is no workflow `{text}`");
        let finding = Finding::error("UnknownWorkflow", name.span.clone(), message);
        document.report(finding.help(suggestion(text, names, "workflow")));
    }
    Some(Expectation::Skipped {
        workflow: found?.clone(),
        count: count(document, node)?,
    })
}

/// `count`; left out it is 1.
fn count(document: &Document, node: &Node) -> Option<u64> {
    let Some(count) = node.get("count") else {
        return Some(1);
    };
    let number = count.json().as_u64();
    if number.is_none() {
        let finding = Finding::error("WrongType", count.span.clone(), "`count` is a whole number");
        document.report(finding.help("count: 1"));
    }
    number
}

fn text(document: &Document, node: &Node) -> Option<String> {
    let value = accepted(document, node, Expected::Text)?;
    value.as_str().map(str::to_owned)
}

fn of_record(document: &Document, pack: &Pack, member: &Member) -> Option<Expectation> {
    let record = record(document, pack, &member.key, member.key_span.clone())?;
    if !matches!(member.value.data, Data::Map(_)) {
        let message = format!("expected values of `{}`", member.key);
        let finding = Finding::error("WrongType", member.value.span.clone(), message);
        document.report(finding.help(format!("{}: {{ status: … }}", member.key)));
        return None;
    }
    let members = member.value.members();
    let mut values = fields(
        document,
        record,
        members.iter().filter(|one| one.key != "status"),
    );
    if let Some(status) = member.value.get("status") {
        let status = accepted(document, status, Expected::State(record))?;
        values.insert("status".to_owned(), status);
    }
    Some(Expectation::Record {
        record: record.name.clone(),
        values,
    })
}
