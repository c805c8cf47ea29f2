//! From source text to the parser's tree, with the places of its tokens.

mod scan;

use std::collections::BTreeMap;
use std::ops::Range;

use cel::common::ast::SourceInfo;
use cel::parser::{Expression as Tree, ParseErrors, Parser};

use super::Mistake;

/// Address space, of which only what is touched becomes memory.
const STACK: usize = 32 << 20;

/// Levels that any caller's stack has room for; a thread for each expression would take longer than
/// parsing it.
const FEW: usize = 6;

/// A parsed expression.
pub(crate) struct Parsed<'s> {
    pub(crate) tree: Tree,
    pub(crate) places: Places<'s>,
}

/// Parses after a scan that keeps hostile text away from the parser.
pub(crate) fn parse(source: &str) -> Result<Parsed<'_>, Vec<Mistake>> {
    let brackets = scan::scan(source).map_err(|mistake| vec![mistake])?;
    let parsed = if nestings(source) > FEW {
        on_a_deep_stack(source)
    } else {
        here(source)
    };
    match parsed {
        Some(Ok((tree, info))) => {
            let places = Places {
                source,
                info,
                brackets,
            };
            Ok(Parsed { tree, places })
        }
        Some(Err(errors)) => Err(mistakes(source, &errors)),
        None => Err(vec![unreadable(0..source.len())]),
    }
}

type Outcome = Result<(Tree, SourceInfo), ParseErrors>;

/// How many levels an expression can have at most: what is inside a bracket, and what follows a `?`.
fn nestings(source: &str) -> usize {
    let opens = |byte: &u8| matches!(byte, b'(' | b'[' | b'{' | b'?');
    source.as_bytes().iter().filter(|byte| opens(byte)).count()
}

/// Parses what few levels have: nearly every expression. A panic of the parser is a result.
fn here(source: &str) -> Option<Outcome> {
    std::panic::catch_unwind(|| Parser::new().parse_with_source_info(source)).ok()
}

/// The generated parser spends about 90 KB of stack on each level in unoptimised builds, more
/// than the caller's stack may have. The thread also turns its panics into a result.
fn on_a_deep_stack(source: &str) -> Option<Outcome> {
    std::thread::scope(|scope| {
        let parse = || Parser::new().parse_with_source_info(source);
        let parser = std::thread::Builder::new().stack_size(STACK);
        parser.spawn_scoped(scope, parse).ok()?.join().ok()
    })
}

fn unreadable(span: Range<usize>) -> Mistake {
    Mistake {
        span,
        message: "this is not an expression".to_owned(),
        help: None,
    }
}

/// Recovery after one syntax error invents others, so only the first one counts.
fn mistakes(source: &str, errors: &ParseErrors) -> Vec<Mistake> {
    let mut syntax_seen = false;
    let mut found = Vec::new();
    for error in &errors.errors {
        let syntax = ["Syntax error", "No `", "Incomplete"];
        let syntax = syntax.iter().any(|start| error.msg.starts_with(start));
        if !(syntax && std::mem::replace(&mut syntax_seen, true)) {
            found.push(mistake(source, error.pos, &error.msg));
        }
    }
    if found.is_empty() {
        found.push(unreadable(0..source.len()));
    }
    found
}

fn mistake(source: &str, pos: (isize, isize), message: &str) -> Mistake {
    let start = offset(source, pos);
    let span = start..word_end(source, start);
    let word = source.get(span.clone()).unwrap_or_default();
    let (message, help) = explained(message, word);
    Mistake {
        span,
        message,
        help,
    }
}

fn explained(message: &str, word: &str) -> (String, Option<String>) {
    if message.starts_with("Syntax error") {
        return unexpected(word);
    }
    match message {
        "invalid argument to has() macro" => (
            "`has` takes a path".to_owned(),
            Some("write `has(record.field)`".to_owned()),
        ),
        "argument must be a simple name" => (
            "the first argument names the element".to_owned(),
            Some("write `list.all(x, x > 0)`".to_owned()),
        ),
        _ if message.starts_with("reserved identifier") => {
            (format!("`{word}` is a reserved word"), None)
        }
        _ => (message.to_owned(), None),
    }
}

fn unexpected(word: &str) -> (String, Option<String>) {
    let help = match word {
        "and" => Some("write `&&`"),
        "or" => Some("write `||`"),
        "not" => Some("write `!`"),
        _ => None,
    };
    let message = if word.is_empty() {
        "the expression ends too early".to_owned()
    } else {
        format!("`{word}` is not expected here")
    };
    (message, help.map(str::to_owned))
}

/// The byte of a position in lines and characters, both from 1.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = source.get(start..).unwrap_or_default();
    start
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(at, _)| at)
}

fn word_end(source: &str, start: usize) -> usize {
    let rest = source.get(start..).unwrap_or_default();
    let word = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(rest.len());
    let one = rest.chars().next().map_or(0, char::len_utf8);
    start + word.max(one)
}

/// Where the nodes of a tree are in the source.
pub(crate) struct Places<'s> {
    source: &'s str,
    info: SourceInfo,
    brackets: BTreeMap<usize, usize>,
}

impl Places<'_> {
    /// The start of a node's own token: an operator, a dot, an opening bracket, a literal.
    pub(crate) fn token(&self, id: u64) -> usize {
        let start = self
            .info
            .offset_for(id)
            .map_or(0, |(start, _)| start as usize);
        start.min(self.source.len())
    }

    /// The span of a one-token node.
    pub(crate) fn word(&self, id: u64) -> Range<usize> {
        let start = self.token(id);
        let stop = self
            .info
            .offset_for(id)
            .map_or(start, |(_, stop)| stop as usize);
        let last = self.source.get(stop..).and_then(|rest| rest.chars().next());
        let end = stop + last.map_or(0, char::len_utf8);
        start..end.clamp(start, self.source.len())
    }

    /// The end of the bracket that a node's token opens.
    pub(crate) fn closing(&self, id: u64) -> usize {
        let open = self.token(id);
        self.brackets.get(&open).copied().unwrap_or(open) + 1
    }

    /// What is between a call's brackets.
    pub(crate) fn inside(&self, id: u64) -> Range<usize> {
        let (open, close) = (self.token(id) + 1, self.closing(id).saturating_sub(1));
        let text = self.source.get(open..close).unwrap_or_default();
        let start = open + (text.len() - text.trim_start().len());
        start..(open + text.trim_end().len()).max(start)
    }

    /// A function's name before the bracket that is its node's token.
    pub(crate) fn name_before(&self, id: u64, name: &str) -> Range<usize> {
        let open = self.token(id);
        let before = self.source.get(..open).unwrap_or_default().trim_end().len();
        before.saturating_sub(name.len())..before
    }

    /// A field's name after the dot that is its node's token.
    pub(crate) fn field_after(&self, id: u64, field: &str) -> Range<usize> {
        let dot = self.token(id) + 1;
        let rest = self.source.get(dot..).unwrap_or_default();
        let start = dot + (rest.len() - rest.trim_start().len());
        start..(start + field.len()).min(self.source.len())
    }
}
