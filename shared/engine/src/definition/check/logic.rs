//! Compiling LOGIC, with every mistake at its place in the file.

use std::ops::Range;

use super::Place;
use crate::definition::document::{Document, Finding};
use crate::definition::yaml::Node;
use crate::expr::{Expression, Mistake, Type};

/// Compiles a LOGIC key; `None` when it has mistakes, which are reported.
pub(super) fn logic(place: Place<'_>, node: &Node, expected: Option<&Type>) -> Option<Expression> {
    let text = node.text()?;
    if let Some(finding) = marked(place, text, node) {
        place.document.report(finding);
        return None;
    }
    expression(place, node, 0..text.len(), expected)
}

/// A condition: LOGIC that is true or false.
pub(super) fn condition(place: Place<'_>, node: &Node) -> Option<Expression> {
    logic(place, node, Some(&Type::Bool))
}

/// A condition that is decided inside a commit, where no other record can be read.
pub(super) fn closed_condition(place: Place<'_>, node: &Node, key: &str) -> Option<Expression> {
    let expression = condition(place, node)?;
    let Some(read) = expression.reads().first() else {
        return Some(expression);
    };
    let member = read
        .members
        .first()
        .map(|name| format!(".{name}"))
        .unwrap_or_default();
    let message = format!(
        "`{key}` cannot read another record: `{}{member}`",
        read.path
    );
    place.document.report(
        Finding::error("ReferenceRead", node.span.clone(), message)
            .label("it is decided inside the commit of one record")
            .help(match key {
                "rule" => "a rule sees only its record: keep the value in a field of it",
                _ => "read it in the step's `if`, or keep the value in a field of this record",
            }),
    );
    None
}

/// Compiles a part of a scalar's text.
pub(super) fn expression(
    place: Place<'_>,
    node: &Node,
    part: Range<usize>,
    expected: Option<&Type>,
) -> Option<Expression> {
    let source = node.text()?.get(part.clone())?;
    match Expression::compile(source, place.env, expected) {
        Ok(expression) => Some(expression),
        Err(mistakes) => {
            let at = |span: Range<usize>| {
                node.locate(
                    &place.document.text,
                    span.start + part.start..span.end + part.start,
                )
            };
            report(place.document, "InvalidExpression", mistakes, at);
            None
        }
    }
}

/// Reports what a compiler found.
pub(super) fn report(
    document: &Document,
    code: &'static str,
    mistakes: Vec<Mistake>,
    at: impl Fn(Range<usize>) -> Range<usize>,
) {
    for mistake in mistakes {
        let mut finding = Finding::error(code, at(mistake.span), mistake.message);
        finding.help = mistake.help;
        document.report(finding);
    }
}

fn marked(place: Place<'_>, text: &str, node: &Node) -> Option<Finding> {
    let code = "MarkedLogic";
    if let Some(bare) = text.strip_prefix('=') {
        let finding = Finding::error(
            code,
            node.locate(&place.document.text, 0..1),
            "this key is always an expression",
        );
        return Some(
            finding
                .label("no mark here")
                .help(format!("remove the `=`: {}", bare.trim())),
        );
    }
    let template = text.starts_with("{{") || text.starts_with("{%");
    template.then(|| {
        Finding::error(
            code,
            node.span.clone(),
            "this key is an expression, not a template",
        )
        .help("write it without the braces: record.name")
    })
}
