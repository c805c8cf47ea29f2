//! What stopped the parser, and how the author gets past it.

use std::ops::Range;

use super::super::super::document::Finding;
use super::line::{self, Value};
use super::quote;

/// Explains a syntax error at the byte `at`; also the value to blot out before reading on.
pub(in super::super) fn explain(
    text: &str,
    at: usize,
    info: &str,
) -> (Finding, Option<Range<usize>>) {
    if let Some(finding) = unclosed(text, at, info) {
        return (finding, None);
    }
    let trap = line::value_at(text, at).and_then(|value| {
        let finding = trap(text, at, info, &value)?;
        Some((finding, Some(value.range)))
    });
    trap.unwrap_or_else(|| (general(text, at, info), None))
}

fn trap(text: &str, at: usize, info: &str, value: &Value) -> Option<Finding> {
    let written = text.get(value.range.clone())?;
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
        '[' | '{' if info.contains("expected key") => {
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
    if written.contains(": ") || written.ends_with(':') {
        return Some((code, "`: ` inside a value begins a mapping".to_owned()));
    }
    None
}

fn unclosed(text: &str, at: usize, info: &str) -> Option<Finding> {
    if info.contains("unexpected end of stream") {
        let line = text.get(at..)?.lines().next().unwrap_or("").len();
        let finding = Finding::error("UnclosedQuote", at..at + line, "a quote that never closes");
        return Some(
            finding
                .label("opened here")
                .help("close it on the same line"),
        );
    }
    let flow = info.contains("',' or '}'") || info.contains("',' or ']'");
    let blank = text
        .get(..at)?
        .rsplit('\n')
        .next()
        .is_some_and(|line| line.trim().is_empty());
    if !(flow && blank) {
        return None;
    }
    let before = text.get(..at)?.trim_end();
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let finding = Finding::error(
        "UnclosedBracket",
        line..before.len(),
        "a bracket never closes",
    );
    Some(
        finding
            .label("still open here")
            .help("close `{` with `}` and `[` with `]`"),
    )
}

fn general(text: &str, at: usize, info: &str) -> Finding {
    let end = text
        .get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |n| at + n);
    if info.contains("tab") {
        let finding = Finding::error("TabIndentation", at..end, "a tab cannot indent YAML");
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
