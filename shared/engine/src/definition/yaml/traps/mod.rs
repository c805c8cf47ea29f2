//! What YAML makes of unquoted expressions and text, told in the author's terms.

mod inspect;
mod line;
mod syntax;
mod unclosed;

use std::ops::Range;

use super::super::document::Finding;
use super::Node;
pub(super) use inspect::inspect;
pub(super) use syntax::explain;

/// The text in quotes, so that YAML reads it as it is.
pub(crate) fn quoted(value: &str) -> String {
    if !value.contains(['"', '\\']) {
        format!("\"{value}\"")
    } else if value.contains('\'') {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("'{value}'")
    }
}

/// "quote this expression", with the value written as it should be.
fn quote(code: &'static str, text: &str, range: Range<usize>, message: &str) -> Finding {
    let value = text.get(range.clone()).unwrap_or("");
    let what = match code {
        "QuoteTemplate" => "quote this template",
        "QuoteText" => "quote this text",
        _ => "quote this expression",
    };
    let help = format!("{what}: {}", quoted(value));
    Finding::error(code, range, message)
        .label("YAML misreads this")
        .help(help)
}

/// A node with a tag or an anchor, or an alias.
pub(super) fn tag(text: &str, range: Range<usize>) -> Finding {
    let value = line::value_at(text, range.start);
    let range = value.map_or(range, |value| value.range);
    let first = text
        .get(range.clone())
        .and_then(|value| value.chars().next())
        .unwrap_or('!');
    let meaning = match first {
        '&' => "an anchor",
        '*' => "a reference to an anchor",
        _ => "a tag",
    };
    let message = format!("a value that begins with `{first}` is {meaning} to YAML");
    quote("QuoteExpression", text, range, &message)
}

/// A key that is a list or a mapping.
pub(super) fn key(_text: &str, key: &Node) -> Finding {
    Finding::error("InvalidKey", key.span.clone(), "a key must be a plain name")
        .help("write `name: value`; a value that begins with `{` or `[` needs quotes")
}
