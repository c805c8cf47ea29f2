//! Quotes and brackets that never close, found where they open and not where the parser gives up.

use std::ops::Range;

use super::super::super::document::Finding;
use super::{line, quote as quote_text};

/// A quote that swallows the lines up to the next one.
pub(super) fn quote(text: &str, at: usize, info: &str) -> Option<Finding> {
    let unended = [
        "unexpected end of stream",
        "invalid indentation in quoted",
        "document indicator",
    ];
    let opened = if unended.iter().any(|part| info.contains(part)) {
        let line = text.get(at..)?.lines().next()?;
        at + line.find(['"', '\''])?
    } else {
        swallowed(text, at)?
    };
    let end = opened
        + text
            .get(opened..)?
            .lines()
            .next()
            .unwrap_or("")
            .trim_end()
            .len();
    let finding = Finding::error("UnclosedQuote", opened..end, "this quote never closes");
    Some(
        finding
            .label("opened here")
            .help("close it on the same line"),
    )
}

/// Where a value opens a quote whose next one is on the line where the parser stopped.
fn swallowed(text: &str, at: usize) -> Option<usize> {
    let line = line_start(text, at);
    let mut start = 0;
    for part in text.get(..line)?.split_inclusive('\n') {
        let value = start + part.len()
            - part
                .split_once(": ")
                .map_or(part, |(_, value)| value)
                .trim_start()
                .len();
        let first = text
            .get(value..)?
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\''));
        if let Some(first) = first {
            let closes = text
                .get(value + 1..)?
                .find(first)
                .map(|close| value + 1 + close);
            if closes.is_some_and(|close| close >= line) {
                return Some(value);
            }
        }
        start += part.len();
    }
    None
}

/// A value inside `{ }` that a comment cuts, and everything after it on the line.
pub(super) fn comment(
    text: &str,
    at: usize,
    info: &str,
) -> Option<(Finding, Option<Range<usize>>)> {
    if !in_flow(info) {
        return None;
    }
    let before = text.get(..at)?;
    let line = line_start(text, before.trim_end().len());
    let cut = before.get(line..)?.match_indices(" #").find(|(cut, _)| {
        let after = before.get(line + cut + 2..).unwrap_or("");
        after.starts_with(|c: char| !c.is_whitespace() && c != '#')
    })?;
    let value = line::value_at(text, line + cut.0 + 1).filter(|value| value.flow)?;
    let message = "` #` begins a comment and cuts this line";
    let finding = quote_text("QuoteText", text, value.range.clone(), message);
    Some((finding, Some(value.range)))
}

/// A bracket that is still open where a line begins or the file ends.
pub(super) fn end(text: &str, at: usize, info: &str) -> Option<Finding> {
    let line = text.get(line_start(text, at)..at)?;
    line.trim()
        .is_empty()
        .then(|| bracket(text, at, info))
        .flatten()
}

/// The last bracket that opens before `at`, on an earlier line.
pub(super) fn bracket(text: &str, at: usize, info: &str) -> Option<Finding> {
    if !in_flow(info) {
        return None;
    }
    let line = line_start(text, at);
    let opened = open_brackets(text.get(..at)?).pop()?;
    if opened >= line && !text.get(at..)?.trim().is_empty() {
        return None;
    }
    let end = opened
        + text
            .get(opened..)?
            .lines()
            .next()
            .unwrap_or("")
            .trim_end()
            .len();
    let finding = Finding::error("UnclosedBracket", opened..end, "this bracket never closes");
    Some(
        finding
            .label("opened here")
            .help("close `{` with `}` and `[` with `]`"),
    )
}

fn in_flow(info: &str) -> bool {
    ["',' or '}'", "',' or ']'", "expected node content"]
        .iter()
        .any(|part| info.contains(part))
}

fn open_brackets(text: &str) -> Vec<usize> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (_, '\n') => quote = None,
            (Some(mark), _) => quote = Some(mark).filter(|mark| *mark != c),
            (None, '"' | '\'') if matches!(before, ' ' | '[' | '{' | '(') => quote = Some(c),
            (None, '{' | '[') => open.push(at),
            (None, '}' | ']') => drop(open.pop()),
            _ => {}
        }
        before = c;
    }
    open
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}
