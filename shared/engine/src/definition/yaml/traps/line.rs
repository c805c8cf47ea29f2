//! Which value of its line a position belongs to, read as its author meant it.

use std::ops::Range;

/// A value as written on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// The key before it; `None` for an element of a list.
    pub(super) key: Option<String>,
    /// Where it stands, to the end that the author meant.
    pub(super) range: Range<usize>,
    /// Whether it stands inside `{ }` or `[ ]` of its line.
    pub(super) flow: bool,
}

/// The value on its line that holds the byte `at`.
pub(super) fn value_at(text: &str, at: usize) -> Option<Value> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let end = text
        .get(at..)?
        .find('\n')
        .map_or(text.len(), |newline| at + newline);
    let line = text.get(start..end)?.trim_end();
    let mut scan = Scan::new(line);
    scan.run(at - start);
    let value = scan.start
        ..scan.start
            + meant(
                line.get(scan.start..)?,
                scan.open.last().map(|(open, ..)| *open),
            );
    let starts_value = scan.key.is_some() || scan.in_list();
    (starts_value && !value.is_empty()).then(|| Value {
        key: scan.key,
        range: start + value.start..start + value.end,
        flow: !scan.open.is_empty(),
    })
}

struct Scan<'a> {
    line: &'a str,
    /// The collections that are open: the bracket, where it stands, and the key before it.
    open: Vec<(char, usize, Option<String>)>,
    key: Option<String>,
    /// Where the present key or value begins.
    start: usize,
    dash: bool,
}

impl<'a> Scan<'a> {
    fn new(line: &'a str) -> Self {
        let mut start = line.len() - line.trim_start().len();
        let mut dash = false;
        while let Some(rest) = line.get(start..).and_then(|rest| rest.strip_prefix("- ")) {
            start = line.len() - rest.trim_start().len();
            dash = true;
        }
        Self {
            line,
            open: Vec::new(),
            key: None,
            start,
            dash,
        }
    }

    fn in_list(&self) -> bool {
        self.open
            .last()
            .map_or(self.dash, |(open, ..)| *open == '[')
    }

    fn rest(&self, at: usize) -> &'a str {
        self.line.get(at..).unwrap_or("")
    }

    /// Reads up to `until`, leaving `start` where its value begins.
    fn run(&mut self, until: usize) {
        let mut at = self.start;
        while at < until.max(self.start) && at < self.line.len() {
            at = self.step(at);
        }
    }

    fn step(&mut self, at: usize) -> usize {
        let rest = self.rest(at);
        let Some(first) = rest.chars().next() else {
            return at + 1;
        };
        let next = at + first.len_utf8();
        match first {
            '"' | '\'' if at == self.start => {
                next + rest
                    .get(1..)
                    .and_then(|rest| rest.find(first))
                    .map_or(0, |end| end + 1)
            }
            '{' | '[' if at == self.start && !is_template(rest) => self.enter(first, next),
            ':' if self.key.is_none() && self.is_key(at) && ends_key(self.rest(next)) => {
                self.key = Some(self.line.get(self.start..at).unwrap_or("").to_owned());
                self.begin(next)
            }
            ',' if !self.open.is_empty() && self.balanced(at) => {
                self.key = None;
                self.begin(next)
            }
            '}' | ']' if !self.open.is_empty() && self.balanced(at) => {
                if let Some((_, start, key)) = self.open.pop() {
                    (self.start, self.key) = (start, key);
                }
                next
            }
            _ => next,
        }
    }

    fn enter(&mut self, bracket: char, next: usize) -> usize {
        self.open.push((bracket, self.start, self.key.take()));
        self.begin(next)
    }

    fn begin(&mut self, at: usize) -> usize {
        let rest = self.rest(at);
        self.start = at + rest.len() - rest.trim_start().len();
        self.start
    }

    fn is_key(&self, colon: usize) -> bool {
        let text = self.line.get(self.start..colon).unwrap_or("");
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        !text.is_empty()
            && text.chars().all(allowed)
            && self.open.last().is_none_or(|(open, ..)| *open != '[')
    }

    fn balanced(&self, at: usize) -> bool {
        let value = self.line.get(self.start..at).unwrap_or("");
        depth(value) <= 0
    }
}

fn is_template(rest: &str) -> bool {
    rest.starts_with("{{") || rest.starts_with("{%")
}

fn ends_key(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\t'])
}

fn depth(value: &str) -> i32 {
    value.chars().fold(0, |depth, c| match c {
        '(' | '[' | '{' => depth + 1,
        ')' | ']' | '}' => depth - 1,
        _ => depth,
    })
}

/// How far the value reaches that begins here.
fn meant(rest: &str, open: Option<char>) -> usize {
    let mut depth = 0;
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), _) => quote = Some(open).filter(|open| *open != c),
            (None, '"' | '\'') if opens_quote(rest, at) => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') if depth == 0 && c != ')' => return trimmed(rest, at),
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 && splits(rest, at, open) => return trimmed(rest, at),
            _ => {}
        }
    }
    trimmed(rest, rest.len())
}

/// An apostrophe inside a word opens nothing, and neither does a quote that never closes.
fn opens_quote(rest: &str, at: usize) -> bool {
    let (before, after) = rest.split_at(at);
    let word = before
        .chars()
        .next_back()
        .is_some_and(char::is_alphanumeric);
    let quote = after.chars().next().unwrap_or('"');
    !word && after.get(1..).is_some_and(|after| after.contains(quote))
}

/// Whether this comma ends a value: in a list always, in a mapping when a key follows.
fn splits(rest: &str, at: usize, open: Option<char>) -> bool {
    let after = rest.get(at + 1..).unwrap_or("").trim_start();
    let word = after.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')));
    let key =
        word.is_some_and(|end| end > 0 && after.get(end..).is_some_and(|r| r.starts_with(':')));
    match open {
        Some('[') => true,
        Some(_) => key || after.is_empty(),
        None => false,
    }
}

fn trimmed(rest: &str, end: usize) -> usize {
    rest.get(..end).unwrap_or(rest).trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, needle: &str) -> Option<(Option<String>, String)> {
        let value = value_at(text, text.find(needle).unwrap())?;
        Some((value.key, text[value.range].to_owned()))
    }

    #[test]
    fn the_value_is_the_one_that_its_author_meant() {
        for (text, needle, key, meant) in [
            ("a: 'x' + y\n", "+", "a", "'x' + y"),
            ("x: { e: 'c.' + b, d: 1 }", "+", "e", "'c.' + b"),
            ("x: { if: a ? b : c, d: e }", ": c", "if", "a ? b : c"),
            (
                "x: { from: b.items[0].id, d: e }",
                "[0",
                "from",
                "b.items[0].id",
            ),
            ("- { to: Hi {{ x }}, body: b }", "{{", "to", "Hi {{ x }}"),
            ("d: A booking: it is", ": it", "d", "A booking: it is"),
        ] {
            assert_eq!(
                value(text, needle),
                Some((Some(key.into()), meant.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn an_element_of_a_list_has_no_key() {
        assert_eq!(value("- 'a' == b", "=="), Some((None, "'a' == b".into())));
        assert_eq!(
            value("w: [ x, 'b' == c ]", "=="),
            Some((None, "'b' == c".into()))
        );
    }
}
