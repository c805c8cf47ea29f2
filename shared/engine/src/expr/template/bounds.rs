//! Bounds on a template's tags: MiniJinja recurses over chains of operators and filters.

use std::ops::Range;

use super::tags::tags;
use crate::expr::Mistake;

/// The longest source, in bytes.
const MAX_LEN: usize = 1 << 20;
/// How many operators, filters, selections and brackets one tag may hold.
const MAX_SIGNS: usize = 110;
/// How many words one tag may hold, `and` and `not` among them.
const MAX_WORDS: usize = 250;

/// The first tag, or the whole, that is too long to be compiled.
pub(super) fn exceeded(source: &str) -> Option<Mistake> {
    if source.len() > MAX_LEN {
        return Some(mistake(
            0..source.len(),
            "the template is longer than 1 MiB",
        ));
    }
    let long = tags(source).find(|span| {
        let tag = source.get(span.clone()).unwrap_or_default();
        tag.matches(|c| "|.~+-*/%([{<>=!".contains(c)).count() > MAX_SIGNS
            || tag.split_whitespace().count() > MAX_WORDS
    });
    long.map(|span| mistake(span, "the tag is too long to follow"))
}

fn mistake(span: Range<usize>, message: &str) -> Mistake {
    let help = "give parts of it names with `let`, or with `{% set %}`".to_owned();
    Mistake {
        span,
        message: message.to_owned(),
        help: Some(help),
    }
}
