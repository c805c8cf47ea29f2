//! `duplicates` of a record: fields that can be compared, and a score that they can come to.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::document::{Document, Finding};
use crate::definition::model::RecordField;
use crate::definition::nearest::suggestion;
use crate::definition::yaml::Node;
use crate::duplicate::{ABOVE, Clue, ClueKind, Duplicates, MAX_FIELDS, reachable};

/// Below this a score says that it is rather not one.
const LOWEST: f64 = 0.5;

/// How the duplicates of a record type are found; `None` where the definition does not say, or
/// says it wrong.
pub(super) fn duplicates(
    document: &Document,
    tree: &Node,
    fields: &BTreeMap<String, RecordField>,
) -> Option<Duplicates> {
    let node = tree.get("duplicates")?;
    let by = node.get("by").filter(|by| !by.is_broken())?;
    let clues = clues(document, tree, by, fields)?;
    let above = above(document, node)?;
    let most = reachable(&clues);
    if most < above {
        let message = format!("these fields come to a score of {most:.2} at most, below {above}");
        let finding = Finding::error("UnreachableScore", by.span.clone(), message);
        document.report(finding.help("name more fields that tell who it is"));
        return None;
    }
    Some(Duplicates { by: clues, above })
}

fn clues(
    document: &Document,
    tree: &Node,
    by: &Node,
    fields: &BTreeMap<String, RecordField>,
) -> Option<Vec<Clue>> {
    let nodes = by.elements();
    let mut seen = BTreeSet::new();
    let read = |node: &Node| {
        let name = node.text()?;
        if !seen.insert(name.to_owned()) {
            let message = format!("`by` names `{name}` twice");
            let finding = Finding::error("DuplicateName", node.span.clone(), message);
            document.report(finding.help("keep one of them"));
            return None;
        }
        clue(document, tree, node, fields)
    };
    let clues: Vec<Clue> = nodes.iter().filter_map(read).collect();
    if nodes.is_empty() || nodes.len() > MAX_FIELDS {
        let message = format!("`by` names {} fields", nodes.len());
        let finding = Finding::error("BadConstraint", by.span.clone(), message);
        document.report(finding.help(format!("name 1 to {MAX_FIELDS} fields that tell who it is")));
        return None;
    }
    (clues.len() == nodes.len()).then_some(clues)
}

fn clue(
    document: &Document,
    tree: &Node,
    node: &Node,
    fields: &BTreeMap<String, RecordField>,
) -> Option<Clue> {
    let name = node.text()?;
    let declared = tree.get("fields").and_then(|declared| declared.get(name));
    let Some(field) = fields.get(name) else {
        // A field whose own definition is at fault is told there.
        if declared.is_none() {
            let message = format!("`by` names `{name}`, which is not a field");
            let help = suggestion(name, fields.keys().map(String::as_str), "field");
            document.report(Finding::error("UnknownField", node.span.clone(), message).help(help));
        }
        return None;
    };
    let kind = ClueKind::of(&field.field.kind);
    if kind.is_none() {
        let message = format!("`{name}` holds nothing that can be alike");
        let finding = Finding::error("NotComparable", node.span.clone(), message);
        document
            .report(finding.help("fields of type string, date, phone and email can be compared"));
    }
    Some(Clue {
        field: name.to_owned(),
        kind: kind?,
        pii: field.field.pii,
    })
}

fn above(document: &Document, node: &Node) -> Option<f64> {
    let Some(above) = node.get("above") else {
        return Some(ABOVE);
    };
    if above.is_broken() {
        return None;
    }
    let number = above.json().as_f64()?;
    if (LOWEST..1.0).contains(&number) {
        return Some(number);
    }
    let message = format!("`above` is {number}, which is no such score");
    let finding = Finding::error("BadConstraint", above.span.clone(), message);
    document.report(finding.help("write a number from 0.5 to 0.99; without it, it is 0.9"));
    None
}
