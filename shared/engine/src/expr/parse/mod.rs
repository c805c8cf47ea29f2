//! From source text to a tree, by the grammar of CEL
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>). The tests hold it to
//! the trees that another parser of CEL makes of the same texts.

mod lexer;
mod operators;
mod parser;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod values;

use std::ops::Range;

pub(crate) use tree::{Call, Form, Tree, Word};

use super::Mistake;

/// The longest source, in bytes.
const MAX_LEN: usize = 64 * 1024;

/// Parses an expression.
///
/// # Errors
/// The first mistake: what follows it could only be guessed.
pub(crate) fn parse(source: &str) -> Result<Tree<'_>, Mistake> {
    let whole = 0..source.len();
    if source.len() > MAX_LEN {
        return Err(mistake(whole, "the expression is longer than 64 KiB", None));
    }
    if source.trim().is_empty() {
        return Err(mistake(whole, "the expression is empty", None));
    }
    parser::Parser::run(source)
}

fn mistake(span: Range<usize>, message: &str, help: Option<&str>) -> Mistake {
    Mistake {
        span,
        message: message.to_owned(),
        help: help.map(str::to_owned),
    }
}

/// The beginning of a long word.
fn shown(word: &str) -> String {
    const LONGEST: usize = 40;
    match word.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", word.get(..end).unwrap_or_default()),
        None => word.to_owned(),
    }
}
