//! Values: names, literals, lists, maps, what is in brackets, and what hangs on them.

use std::ops::Range;

use super::lexer::Kind;
use super::parser::{Parser, Result};
use super::text::unquoted;
use super::tree::{Call, Form, Tree, Word, leaf, node};
use super::{mistake, shown};
use crate::expr::Mistake;

/// Names that CEL keeps for itself.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

impl<'s> Parser<'s> {
    /// A value and what hangs on it: fields, elements, calls.
    pub(super) fn value(&mut self, minus: Option<Range<usize>>) -> Result<Tree<'s>> {
        let mut tree = self.primary(minus)?;
        loop {
            tree = match self.next.kind {
                Kind::Sign(".") => self.field(tree)?,
                Kind::Sign("[") => {
                    let sign = self.next.span.clone();
                    let index = self.bracketed(Self::expression)?;
                    let (span, depth) = (tree.outer.start..index.1, tree.depth.max(index.0.depth));
                    node(Form::Index(Box::new([tree, index.0])), span, depth, sign)?
                }
                Kind::Sign("{") if is_path(&tree) => self.message(&tree)?,
                _ => return Ok(tree),
            };
        }
    }

    /// `.name` or `.name(…)`
    fn field(&mut self, owner: Tree<'s>) -> Result<Tree<'s>> {
        let dot = self.advance()?.span;
        let name = self.name()?;
        if self.next.kind == Kind::Sign("(") {
            return self.call(Some(owner), name);
        }
        let (span, depth) = (owner.outer.start..name.span.end, owner.depth);
        node(Form::Select(Box::new(owner), name), span, depth, dot)
    }

    fn call(&mut self, target: Option<Tree<'s>>, name: Word<'s>) -> Result<Tree<'s>> {
        let (arguments, end) =
            self.bracketed(|parser| parser.separated(false, Self::expression))?;
        let start = target.as_ref().map_or(name.span.start, |of| of.outer.start);
        let depth = target.iter().chain(&arguments).map(|each| each.depth).max();
        let sign = name.span.clone();
        let target = target.map(Box::new);
        let form = Form::Call(Call {
            name,
            target,
            arguments,
        });
        node(form, start..end, depth.unwrap_or(0), sign)
    }

    /// `Type{…}`: there are no messages here.
    fn message(&mut self, name: &Tree<'s>) -> Result<Tree<'s>> {
        let start = self.next.span.start;
        let (_, end) = self.bracketed(|parser| parser.separated(true, Self::entry))?;
        let written = self.written(&name.span);
        let form = Form::Refused(format!("`{written}` is no type here"), None);
        let mut tree = leaf(form, start..end);
        tree.outer.start = name.outer.start;
        Ok(tree)
    }

    fn primary(&mut self, minus: Option<Range<usize>>) -> Result<Tree<'s>> {
        match self.next.kind {
            Kind::Sign("(") => {
                let start = self.next.span.start;
                let (mut tree, end) = self.bracketed(Self::expression)?;
                tree.outer = start..end;
                Ok(tree)
            }
            Kind::Sign("[") => {
                let (start, sign) = (self.next.span.start, self.next.span.clone());
                let (list, end) =
                    self.bracketed(|parser| parser.separated(true, Self::expression))?;
                let depth = list.iter().map(|each| each.depth).max();
                node(Form::List(list), start..end, depth.unwrap_or(0), sign)
            }
            Kind::Sign("{") => {
                let (start, sign) = (self.next.span.start, self.next.span.clone());
                let (map, end) = self.bracketed(|parser| parser.separated(true, Self::entry))?;
                let depth = map.iter().flatten().map(|each| each.depth).max();
                node(Form::Map(map), start..end, depth.unwrap_or(0), sign)
            }
            Kind::Word => self.word(),
            _ => self.literal(minus),
        }
    }

    fn entry(&mut self) -> Result<[Tree<'s>; 2]> {
        let key = self.expression()?;
        self.expect(":")?;
        Ok([key, self.expression()?])
    }

    fn word(&mut self) -> Result<Tree<'s>> {
        let span = self.next.span.clone();
        let form = match self.next_written() {
            "true" => Form::Bool(true),
            "false" => Form::Bool(false),
            "null" => Form::Null,
            word if RESERVED.contains(&word) => {
                return Err(mistake(span, &format!("`{word}` is a reserved word"), None));
            }
            _ => {
                let name = self.name()?;
                if self.next.kind == Kind::Sign("(") {
                    return self.call(None, name);
                }
                return Ok(leaf(Form::Name(name.text), span));
            }
        };
        self.advance()?;
        Ok(leaf(form, span))
    }

    /// A name that is none of the grammar's own words.
    fn name(&mut self) -> Result<Word<'s>> {
        let text = self.next_written();
        if self.next.kind != Kind::Word || ["true", "false", "null", "in"].contains(&text) {
            return Err(self.unexpected());
        }
        let span = self.advance()?.span;
        Ok(Word { text, span })
    }

    fn literal(&mut self, minus: Option<Range<usize>>) -> Result<Tree<'s>> {
        let sign = if minus.is_some() { "-" } else { "" };
        let written = self.next_written();
        let number = format!("{sign}{written}");
        let span = minus.map_or(self.next.span.start, |minus| minus.start)..self.next.span.end;
        let form = match &self.next.kind {
            Kind::Int => Form::Int(integer(&number).ok_or_else(|| too_large(&span, &number))?),
            Kind::Fraction if number.parse::<f64>().is_ok_and(f64::is_finite) => {
                Form::Fraction(number)
            }
            Kind::Fraction => return Err(too_large(&span, &number)),
            Kind::Text(quoted) => Form::Text(unquoted(self.written(&quoted.inside), quoted)?),
            Kind::Unsigned => {
                let signed = written.trim_end_matches(['u', 'U']);
                let help = integer(signed).map(|_| format!("write `{signed}`"));
                Form::Refused("every integer is signed".to_owned(), help)
            }
            Kind::Bytes => {
                let help = "write text: `'…'`".to_owned();
                Form::Refused("there are no bytes here".to_owned(), Some(help))
            }
            Kind::End | Kind::Word | Kind::Sign(_) => return Err(self.unexpected()),
        };
        self.advance()?;
        Ok(leaf(form, span))
    }
}

/// Whether it is names joined by dots.
fn is_path(tree: &Tree<'_>) -> bool {
    match &tree.form {
        Form::Name(_) => true,
        Form::Select(owner, _) => is_path(owner),
        _ => false,
    }
}

fn integer(number: &str) -> Option<i64> {
    let (sign, digits) = number
        .strip_prefix('-')
        .map_or(("", number), |digits| ("-", digits));
    match digits.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(&format!("{sign}{digits}"), 16).ok(),
        None => number.parse().ok(),
    }
}

fn too_large(span: &Range<usize>, number: &str) -> Mistake {
    mistake(
        span.clone(),
        &format!("`{}` is too large", shown(number)),
        None,
    )
}
