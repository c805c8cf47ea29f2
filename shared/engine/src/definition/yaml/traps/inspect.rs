//! Values that YAML reads without a complaint, but not as their author meant them.

use std::ops::Range;

use super::super::super::document::Document;
use super::super::{Data, Member, Node};
use super::{line, quote};

/// Reports such values and breaks them, so that nothing is said about them twice.
pub(in super::super) fn inspect(document: &Document, text: &str, node: &mut Node) {
    let source = text.get(node.span.clone()).unwrap_or("");
    if matches!(node.data, Data::Map(_)) && source.starts_with("{{") {
        return template(document, text, node);
    }
    let flow = source.starts_with(['{', '[']);
    match &mut node.data {
        Data::Map(members) => {
            if flow {
                cut_members(document, text, members);
            }
            for member in members {
                inspect(document, text, &mut member.value);
            }
        }
        Data::List(nodes) => {
            if flow {
                cut_nodes(document, text, nodes);
            }
            for node in nodes {
                inspect(document, text, node);
            }
        }
        Data::Scalar(scalar) if scalar.plain => comment(document, text, node),
        Data::Scalar(_) | Data::Broken => {}
    }
}

fn template(document: &Document, text: &str, node: &mut Node) {
    let range = line::value_at(text, node.span.start).map_or(node.span.clone(), |v| v.range);
    let message = "a value that begins with `{` is a mapping to YAML";
    document.report(quote("QuoteTemplate", text, range, message));
    node.data = Data::Broken;
}

/// `body: order #5` is `order`: a comment that begins without a space was meant as text.
fn comment(document: &Document, text: &str, node: &mut Node) {
    let rest = text.get(node.span.end..).unwrap_or("");
    let line = rest.lines().next().unwrap_or("");
    let Some(cut) = line.trim_start().strip_prefix('#') else {
        return;
    };
    let meant = cut.starts_with(|c: char| !c.is_whitespace() && c != '#') || open(node.text());
    if !meant || node.span.is_empty() || node.is_broken() {
        return;
    }
    let range = node.span.start..node.span.end + line.trim_end().len();
    let message = "` #` begins a comment and cuts this value";
    let code = if node.text().is_some_and(|text| text.starts_with('=')) {
        "QuoteExpression"
    } else {
        "QuoteText"
    };
    let mut finding = quote(code, text, range, message);
    finding.help = finding
        .help
        .map(|help| format!("{help}; a remark has a space after `#`"));
    document.report(finding);
    node.data = Data::Broken;
}

fn open(text: Option<&str>) -> bool {
    let Some(text) = text else { return false };
    let count = |c: char| text.matches(c).count();
    count('(') > count(')') || count('{') > count('}') || count('[') > count(']')
}

/// `{ a: f(x, y) }` is `{ a: "f(x", "y)": null }`.
fn cut_members(document: &Document, text: &str, members: &mut Vec<Member>) {
    let mut at = 0;
    while let Some(member) = members.get(at) {
        at += 1;
        if !(plain(&member.value) && open_call(member.value.text())) {
            continue;
        }
        let start = member.value.span.start;
        let pieces = pieces(members.get(at..).unwrap_or(&[]));
        let end = members.get(at + pieces - usize::from(pieces > 0));
        let end = end.map_or(start, |last| last.key_span.end.max(last.value.span.end));
        members.drain(at..at + pieces);
        if let Some(member) = members.get_mut(at - 1) {
            member.value.data = Data::Broken;
        }
        comma(document, text, start..end);
    }
}

/// How many of these members are pieces of the value before: keys without a value, up to the
/// one that closes the call.
fn pieces(members: &[Member]) -> usize {
    let bare = members.iter().take_while(|member| member.value.is_null());
    let bare: Vec<_> = bare.map(|member| member.key.contains(')')).collect();
    bare.iter()
        .rposition(|closes| *closes)
        .map_or(0, |last| last + 1)
}

fn cut_nodes(document: &Document, text: &str, nodes: &mut Vec<Node>) {
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
        at += 1;
        if !(plain(node) && open_call(node.text())) {
            continue;
        }
        let start = node.span.start;
        let later = nodes.get(at..).unwrap_or(&[]);
        let close = later
            .iter()
            .position(|node| node.text().is_some_and(|t| t.contains(')')));
        let pieces = close.map_or(0, |close| close + 1);
        let end = nodes
            .get(at + pieces - 1)
            .map_or(start, |last| last.span.end);
        nodes.drain(at..at + pieces);
        if let Some(node) = nodes.get_mut(at - 1) {
            node.data = Data::Broken;
        }
        comma(document, text, start..end);
    }
}

fn comma(document: &Document, text: &str, range: Range<usize>) {
    let message = "a comma inside `{ }` or `[ ]` ends the value";
    document.report(quote("QuoteExpression", text, range, message));
}

fn plain(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| scalar.plain)
}

fn open_call(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.matches('(').count() > text.matches(')').count())
}
