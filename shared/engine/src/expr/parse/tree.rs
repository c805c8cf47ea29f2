//! What the parser makes of an expression: its form, before anything has a type.

use std::ops::Range;

use super::mistake;
use super::parser::Result;
use crate::expr::Mistake;
use crate::expr::ir::{Comparison, Operator};

/// How many levels a tree may have: whoever reads it walks them down.
pub(super) const MAX_DEPTH: usize = 91;
/// How many more levels the conditions of the longest text may make of it.
const CONDITIONS: usize = 16;

/// A parsed expression, and where it is written.
#[derive(Debug)]
pub(crate) struct Tree<'s> {
    pub(crate) form: Form<'s>,
    /// Without the brackets that only group it.
    pub(crate) span: Range<usize>,
    /// With them.
    pub(crate) outer: Range<usize>,
    /// How many levels it has.
    pub(super) depth: usize,
}

#[derive(Debug)]
pub(crate) enum Form<'s> {
    Null,
    Bool(bool),
    Int(i64),
    /// Digits that need not be whole, with their sign.
    Fraction(String),
    Text(String),
    /// What CEL has and this dialect does not: why, and what to write instead.
    Refused(String, Option<String>),
    Name(&'s str),
    Select(Box<Tree<'s>>, Word<'s>),
    Index(Box<[Tree<'s>; 2]>),
    Call(Call<'s>),
    Not(Box<Tree<'s>>),
    Negate(Box<Tree<'s>>),
    And(Box<[Tree<'s>; 2]>),
    Or(Box<[Tree<'s>; 2]>),
    Choice(Box<[Tree<'s>; 3]>),
    Compare(Comparison, Box<[Tree<'s>; 2]>),
    Arithmetic(Operator, Box<[Tree<'s>; 2]>),
    In(Box<[Tree<'s>; 2]>),
    List(Vec<Tree<'s>>),
    Map(Vec<[Tree<'s>; 2]>),
}

/// A name inside an expression.
#[derive(Debug, Clone)]
pub(crate) struct Word<'s> {
    pub(crate) text: &'s str,
    pub(crate) span: Range<usize>,
}

/// `name(…)` or `target.name(…)`; the macros are calls, too.
#[derive(Debug)]
pub(crate) struct Call<'s> {
    pub(crate) name: Word<'s>,
    pub(crate) target: Option<Box<Tree<'s>>>,
    pub(crate) arguments: Vec<Tree<'s>>,
}

/// What an operator makes of its operands.
pub(super) type Join<'s> = fn(Box<[Tree<'s>; 2]>) -> Form<'s>;

pub(super) fn leaf(form: Form<'_>, span: Range<usize>) -> Tree<'_> {
    Tree {
        form,
        outer: span.clone(),
        span,
        depth: 1,
    }
}

/// A node over children of this depth; `sign` is where it is too deep.
pub(super) fn node(
    form: Form<'_>,
    span: Range<usize>,
    below: usize,
    sign: Range<usize>,
) -> Result<Tree<'_>> {
    node_within(MAX_DEPTH, form, span, below, sign)
}

fn node_within(
    levels: usize,
    form: Form<'_>,
    span: Range<usize>,
    below: usize,
    sign: Range<usize>,
) -> Result<Tree<'_>> {
    if below >= levels {
        return Err(too_long(sign));
    }
    Ok(Tree {
        form,
        outer: span.clone(),
        span,
        depth: below + 1,
    })
}

/// Terms joined into a tree that is no deeper than it must be.
pub(super) fn balanced<'s>(mut terms: Vec<Tree<'s>>, join: Join<'s>) -> Result<Tree<'s>> {
    while terms.len() > 1 {
        let mut pairs = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                None => left,
                Some(right) => {
                    let span = left.outer.start..right.outer.end;
                    let (depth, sign) = (left.depth.max(right.depth), right.span.clone());
                    let form = join(Box::new([left, right]));
                    node_within(MAX_DEPTH + CONDITIONS, form, span, depth, sign)?
                }
            });
        }
        terms = pairs;
    }
    terms.pop().ok_or_else(|| too_long(0..0))
}

pub(super) fn too_long(sign: Range<usize>) -> Mistake {
    let help = "give parts of it names with `let`";
    mistake(sign, "the expression is too long to follow", Some(help))
}
