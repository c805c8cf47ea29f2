//! `schema` of a source: a JSON Schema in a file of the pack.

use std::ops::Range;

use super::Place;
use super::value::missing_file;
use crate::definition::document::{Document, Finding};
use crate::definition::model::PayloadSchema;
use crate::definition::yaml::{self, Node};

/// The schema that a source names; mistakes in it are told at their place in its file.
pub(super) fn payload(place: Place<'_>, node: &Node) -> Option<PayloadSchema> {
    let path = node.get("file")?;
    let name = path.text()?;
    let Some(document) = place.world.folder.texts.get(name) else {
        missing_file(place, path, name);
        return None;
    };
    let schema = match serde_json::from_str(&document.text) {
        Ok(schema) => schema,
        Err(error) => {
            let at = offset(&document.text, error.line(), error.column());
            let message = format!("the schema is no JSON: {error}");
            let finding = Finding::error("InvalidSchema", at..at, message);
            document.report(finding.help("write one JSON document"));
            return None;
        }
    };
    match (place.world.costly.payload)(schema) {
        Ok(schema) => Some(schema),
        Err(bad) => {
            let span = span(document, &bad.pointer);
            let finding = Finding::error(bad.code, span, bad.message);
            document.report(finding.help(
                "a schema stands for itself: put what it refers to under `$defs`, and write `#/$defs/name`",
            ));
            None
        }
    }
}

/// The byte at a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = before.map(str::len).sum();
    start + column.saturating_sub(1)
}

/// Where a JSON pointer leads in a text: JSON is YAML, whose nodes know where they stand.
fn span(document: &Document, pointer: &str) -> Range<usize> {
    let again = Document::new(&document.path, &document.text);
    let Some(tree) = yaml::parse(&again) else {
        return 0..0;
    };
    let mut node = &tree;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        let inner = match name.parse::<usize>() {
            Ok(index) => node.elements().get(index),
            Err(_) => node.get(&name),
        };
        match inner {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node.span.clone()
}
