//! `outcome:` and `deadline:`: what must have followed a start, and until when.

use super::Place;
use super::logic::condition;
use super::source::Head;
use super::trigger::{matching, no_source, unreadable_sources};
use super::workflow::Home;
use super::world::name_span;
use crate::definition::document::{Document, Finding};
use crate::definition::folder::Kind;
use crate::definition::model::{Expectation, ExpectedOutcome};
use crate::definition::yaml::Node;

/// Compiles the outcome that a workflow expects.
pub(super) fn outcome(place: Place<'_>, home: Home<'_>, tree: &Node) -> Option<ExpectedOutcome> {
    let node = tree.get("outcome")?;
    let expect = node.get("expect")?;
    if matches!(home, Home::Absent) {
        let message = "an outcome is looked for in a record, and this workflow has none";
        let finding = Finding::error("UnknownRecord", expect.span.clone(), message);
        let help = "trigger it by an event of a record, or write `deadline:` instead";
        place.document.report(finding.help(help));
        return None;
    }
    let expect = match expect.get("record") {
        Some(logic) => Expectation::Record(condition(place, logic)?),
        None => Expectation::Event(event(place, home, expect)?),
    };
    let within = node.read("within")?;
    Some(ExpectedOutcome { expect, within })
}

/// The name of an event that some source gives, in the timeline of the workflow's record.
fn event(place: Place<'_>, home: Home<'_>, node: &Node) -> Option<String> {
    let name = node.text()?;
    let sources = matching(place.world, name);
    if sources.is_empty() {
        no_source(place, node, name);
        return None;
    }
    let elsewhere = |home| !sources.iter().any(|source| reaches(source, home));
    if let Home::Known(record) = home
        && !unreadable_sources(place.world)
        && elsewhere(record.name.as_str())
    {
        let message = format!(
            "the event `{name}` is never in the timeline of a `{}`",
            record.name
        );
        let help = "expect an event whose source's record owns it, or `{ record: … }`";
        let finding = Finding::error("UnknownEvent", node.span.clone(), message);
        place.document.report(finding.help(help));
        return None;
    }
    Some(name.to_owned())
}

/// Whether a source's events can lie in the timeline of such a record: its own, or by receipt.
fn reaches(source: &Head, record: &str) -> bool {
    let owns = |owner: &crate::name::RecordType| owner.as_str() == record;
    source.uncertain || source.receipts || source.owner.as_ref().is_some_and(owns)
}

/// Asks workflows that matter for a time after which someone looks.
pub(super) fn remind(document: &Document, tree: &Node) {
    let severity = tree.get("severity").and_then(Node::text);
    let watched = tree.get("deadline").is_some() || tree.get("outcome").is_some();
    if let (Some(severity @ ("P1" | "P2")), false) = (severity, watched) {
        let span = name_span(tree, Kind::Workflow);
        let message =
            format!("nothing notices when an execution of this {severity} workflow gets stuck");
        let help = "add `deadline: 1h`, or `outcome: { expect: …, within: 1d }`";
        document.report(Finding::warning("NoDeadline", span, message).help(help));
    }
}
