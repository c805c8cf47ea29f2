//! What stopped the parser, and how the author gets past it.

use std::ops::Range;

use super::super::super::document::Finding;
use super::line::{self, Value};
use super::{quote, unclosed};

/// Explains a syntax error at the byte `at`; also the value to blot out before reading on.
pub(in super::super) fn explain(
    text: &str,
    at: usize,
    info: &str,
) -> (Finding, Option<Range<usize>>) {
    if let Some(finding) = unclosed::quote(text, at, info) {
        return (finding, None);
    }
    if let Some(cut) = unclosed::comment(text, at, info) {
        return cut;
    }
    if let Some(finding) = unclosed::end(text, at, info) {
        return (finding, None);
    }
    let trap = line::value_at(text, at).and_then(|value| {
        let finding = trap(text, at, info, &value)?;
        Some((finding, Some(value.range)))
    });
    trap.unwrap_or_else(|| {
        let bracket = unclosed::bracket(text, at, info);
        (bracket.unwrap_or_else(|| general(text, at, info)), None)
    })
}

fn trap(text: &str, at: usize, info: &str, value: &Value) -> Option<Finding> {
    let written = text.get(value.range.clone())?;
    if info.contains("escape") {
        let message = "`\\` in double quotes begins an escape that YAML does not know";
        let finding = Finding::error("InvalidEscape", value.range.clone(), message);
        return Some(finding.help("write it in single quotes, where `\\` is itself: '\\d+'"));
    }
    let (code, message) =
        misread(written, value, info).or_else(|| stopped(text.get(at..)?, written, value, info))?;
    Some(quote(code, text, value.range.clone(), &message))
}

/// Mistakes that show in the value itself.
fn misread(written: &str, value: &Value, info: &str) -> Option<(&'static str, String)> {
    let first = written.chars().next()?;
    let found = match first {
        _ if written.starts_with("{{") || written.starts_with("{%") => (
            "QuoteTemplate",
            "a value that begins with `{` is a mapping to YAML".to_owned(),
        ),
        _ if value.flow && written.contains("{{") => (
            "QuoteTemplate",
            "a template inside `{ }` needs quotes".to_owned(),
        ),
        '"' | '\'' if info.contains("trailing content") => {
            ("QuoteExpression", "text after a quoted value".to_owned())
        }
        '!' | '&' | '*' | '%' | '@' | '`' | '?' | '|' | '>' => (
            "QuoteExpression",
            format!("a value cannot begin with `{first}` in YAML"),
        ),
        '-' if info.contains("sequence") => (
            "QuoteText",
            "a value that begins with `- ` is a list to YAML".to_owned(),
        ),
        '[' | '{' if info.contains("expected key") || info.contains("',' or") => {
            ("QuoteExpression", "text after a list or mapping".to_owned())
        }
        _ => return None,
    };
    Some(found)
}

/// Mistakes that show where the parser stopped.
fn stopped(rest: &str, written: &str, value: &Value, info: &str) -> Option<(&'static str, String)> {
    let expression = written.starts_with('=')
        || ["==", "!=", "&&", "||", " + ", "("]
            .iter()
            .any(|sign| written.contains(sign));
    let code = if expression {
        "QuoteExpression"
    } else {
        "QuoteText"
    };
    if written.contains(" ? ") && written.contains(" : ") {
        return Some(("QuoteExpression", "`? :` needs quotes in YAML".to_owned()));
    }
    if info.contains("comment") {
        return Some((code, "` #` begins a comment and cuts this value".to_owned()));
    }
    if rest.starts_with(['[', '{']) && value.flow {
        return Some((
            "QuoteExpression",
            "`[` inside `{ }` begins a list".to_owned(),
        ));
    }
    if value.flow && written.contains(',') {
        let message = "a comma inside `{ }` or `[ ]` ends the value".to_owned();
        return Some(("QuoteExpression", message));
    }
    if written.contains(": ") || written.ends_with(':') {
        return Some((code, "`: ` inside a value begins a mapping".to_owned()));
    }
    None
}

fn general(text: &str, at: usize, info: &str) -> Finding {
    let end = text
        .get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |n| at + n);
    if info.contains("tab") {
        let finding = Finding::error(
            "TabIndentation",
            tabbed(text, at),
            "a tab cannot indent YAML",
        );
        return finding.help("indent with spaces");
    }
    if info.contains("mapping values")
        || info.contains("indentation")
        || info.contains("expected key")
    {
        let line = text
            .get(..at)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |n| n + 1);
        return Finding::error("BadIndentation", line..end, "no key can stand here")
            .help("keys of one mapping begin in the same column; text that goes on needs quotes");
    }
    Finding::error(
        "InvalidYaml",
        at..end,
        format!("this is not valid YAML: {info}"),
    )
    .help("text with special characters needs quotes: key: \"text\"")
}

/// The next line that a tab indents.
fn tabbed(text: &str, at: usize) -> Range<usize> {
    let start = text
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |n| n + 1);
    let mut line = start;
    for part in text.get(start..).unwrap_or("").split_inclusive('\n') {
        let indent = part.len() - part.trim_start().len();
        if part
            .get(..indent)
            .is_some_and(|indent| indent.contains('\t'))
        {
            return line..line + part.trim_end().len();
        }
        line += part.len();
    }
    at..at
}
