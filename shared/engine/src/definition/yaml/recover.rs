//! Parsing again after a mistake: the broken value is blotted out, so that one look shows every
//! mistake of a file and not only the first.

use std::ops::Range;

use saphyr_parser::ScanError;

use super::super::document::{Document, Finding};
use super::build::{Builder, Failure, Offsets};
use super::{Node, traps};

/// More broken values than anyone wants to read about at once.
const MAX_ROUNDS: usize = 50;

pub(super) fn parse(document: &Document) -> Option<Node> {
    let mut text = document.text.to_string();
    let mut broken = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let scratch = Document::new(&document.path, &document.text);
        let offsets = Offsets::new(&text);
        let built = Builder::new(&scratch, &text, &offsets, &broken).build();
        let failure = match built {
            Ok(root) => return finish(document, &scratch, &text, root),
            Err(failure) => failure,
        };
        let Failure::Syntax(error) = failure else {
            document.take(&scratch);
            return None;
        };
        let range = report(document, &text, &offsets, &error)?;
        blot(&mut text, &range);
        broken.push(range);
    }
    None
}

fn finish(document: &Document, scratch: &Document, text: &str, root: Option<Node>) -> Option<Node> {
    document.take(scratch);
    let Some(mut root) = root else {
        let finding = Finding::error("EmptyFile", 0..0, "the file holds no definition");
        document.report(finding.help("write the definition, or delete the file"));
        return None;
    };
    traps::inspect(document, text, &mut root);
    Some(root)
}

/// Reports what stopped the parser; the range to blot out before the next round, if any.
fn report(
    document: &Document,
    text: &str,
    offsets: &Offsets,
    error: &ScanError,
) -> Option<Range<usize>> {
    let at = offsets.byte(error.marker().index());
    let (finding, range) = traps::explain(text, at, error.info());
    document.report(finding);
    range
}

/// Replaces a value by a quoted text of the same length.
fn blot(text: &mut String, range: &Range<usize>) {
    let filler = match range.len().checked_sub(2) {
        Some(inner) => format!("\"{}\"", "x".repeat(inner)),
        None => "x".repeat(range.len()),
    };
    text.replace_range(range.clone(), &filler);
}
