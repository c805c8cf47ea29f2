//! The parser itself: where it is in the text, and what it says where it cannot go on.

use std::ops::Range;

use super::lexer::{Kind, Token, token};
use super::tree::Tree;
use super::{mistake, shown};
use crate::expr::Mistake;

/// How deep brackets may nest.
const MAX_NESTING: usize = 24;

pub(super) type Result<T> = std::result::Result<T, Mistake>;

pub(super) struct Parser<'s> {
    source: &'s str,
    pub(super) next: Token,
    /// Brackets that are not closed yet.
    open: Vec<Open>,
    /// Branches of choices that nest in each other, whatever brackets are between them.
    pub(super) choices: usize,
}

struct Open {
    at: Range<usize>,
    closes: &'static str,
}

impl<'s> Parser<'s> {
    /// Parses a text to its end.
    pub(super) fn run(source: &'s str) -> Result<Tree<'s>> {
        let mut parser = Parser {
            source,
            next: token(source, 0)?,
            open: Vec::new(),
            choices: 0,
        };
        let tree = parser.expression()?;
        match parser.next.kind {
            Kind::End => Ok(tree),
            _ => Err(parser.unexpected()),
        }
    }

    /// What was written at a place.
    pub(super) fn written(&self, span: &Range<usize>) -> &'s str {
        self.source.get(span.clone()).unwrap_or_default()
    }

    /// What is between a bracket and the one that closes it, and the end of that.
    pub(super) fn bracketed<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(T, usize)> {
        let closes = match self.next.kind {
            Kind::Sign("(") => ")",
            Kind::Sign("[") => "]",
            _ => "}",
        };
        let at = self.next.span.clone();
        if self.open.len() == MAX_NESTING {
            let help = "give parts of it names with `let`";
            return Err(mistake(at, "the expression is nested too deep", Some(help)));
        }
        self.open.push(Open { at, closes });
        self.advance()?;
        let inside = inside(self)?;
        let end = self.next.span.end;
        self.expect(closes)?;
        self.open.pop();
        Ok((inside, end))
    }

    /// Parts between commas, up to a bracket. Where a comma may trail, it may also stand alone.
    pub(super) fn separated<T>(
        &mut self,
        trailing: bool,
        part: fn(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let closes = self.open.last().map_or("", |open| open.closes);
        let mut parts = Vec::new();
        if trailing && self.eaten(",")?.is_some() || self.next.kind == Kind::Sign(closes) {
            return Ok(parts);
        }
        loop {
            parts.push(part(self)?);
            let more = self.eaten(",")?.is_some();
            if !more || trailing && self.next.kind == Kind::Sign(closes) {
                return Ok(parts);
            }
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.next.kind == Kind::Word && self.next_written() == word
    }

    /// The next token as it is written.
    pub(super) fn next_written(&self) -> &'s str {
        self.written(&self.next.span)
    }

    pub(super) fn advance(&mut self) -> Result<Token> {
        let next = token(self.source, self.next.span.end)?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    /// Where the sign is, if it is the next token, which is then behind us.
    pub(super) fn eaten(&mut self, sign: &'static str) -> Result<Option<Range<usize>>> {
        if self.next.kind == Kind::Sign(sign) {
            Ok(Some(self.advance()?.span))
        } else {
            Ok(None)
        }
    }

    pub(super) fn expect(&mut self, sign: &'static str) -> Result<()> {
        match self.eaten(sign)? {
            Some(_) => Ok(()),
            None => Err(self.unexpected()),
        }
    }

    pub(super) fn unexpected(&self) -> Mistake {
        let closing = matches!(self.next.kind, Kind::Sign(")" | "]" | "}"));
        let ended = self.next.kind == Kind::End;
        let (text, span) = (self.next_written(), self.next.span.clone());
        match self.open.last() {
            Some(open) if ended || closing && text != open.closes => {
                let sign = self.written(&open.at);
                let help = format!("add `{}`", open.closes);
                let message = format!("`{sign}` is not closed");
                mistake(open.at.clone(), &message, Some(&help))
            }
            None if closing => mistake(span, &format!("`{text}` closes nothing"), None),
            None if ended => mistake(span, "the expression ends too early", None),
            _ => {
                let help = match text {
                    "and" => Some("write `&&`"),
                    "or" => Some("write `||`"),
                    "not" => Some("write `!`"),
                    _ => None,
                };
                mistake(
                    span,
                    &format!("`{}` is not expected here", shown(text)),
                    help,
                )
            }
        }
    }
}
