//! Choices, conditions, comparisons, arithmetic and signs, from what binds least to what binds most.

use std::ops::Range;

use super::lexer::Kind;
use super::mistake;
use super::parser::{Parser, Result};
use super::tree::{Form, Join, MAX_DEPTH, Tree, balanced, node, too_long};
use crate::expr::ir::{Comparison, Operator};

impl<'s> Parser<'s> {
    /// `condition ? yes : no`
    pub(super) fn expression(&mut self) -> Result<Tree<'s>> {
        let condition = self.either()?;
        let Some(sign) = self.eaten("?")? else {
            return Ok(condition);
        };
        self.choices += 1;
        if self.choices >= MAX_DEPTH {
            return Err(too_long(sign));
        }
        let yes = self.either()?;
        self.expect(":")?;
        let no = self.expression()?;
        self.choices -= 1;
        let depth = condition.depth.max(yes.depth).max(no.depth);
        let span = condition.outer.start..no.outer.end;
        let form = Form::Choice(Box::new([condition, yes, no]));
        node(form, span, depth, sign)
    }

    fn either(&mut self) -> Result<Tree<'s>> {
        self.chain("||", Form::Or, Self::both)
    }

    fn both(&mut self) -> Result<Tree<'s>> {
        self.chain("&&", Form::And, |parser| parser.operation(0))
    }

    /// Conditions between the same operator, as a tree that is no deeper than it must be.
    fn chain(
        &mut self,
        operator: &'static str,
        join: Join<'s>,
        term: fn(&mut Self) -> Result<Tree<'s>>,
    ) -> Result<Tree<'s>> {
        let mut terms = vec![term(self)?];
        while self.eaten(operator)?.is_some() {
            terms.push(term(self)?);
        }
        balanced(terms, join)
    }

    /// Comparisons and arithmetic whose operators bind at least so tightly.
    fn operation(&mut self, at_least: u8) -> Result<Tree<'s>> {
        let mut left = self.unary()?;
        while let Some((binding, operator)) = self.operator().filter(|one| one.0 >= at_least) {
            let sign = self.advance()?.span;
            let right = self.operation(binding + 1)?;
            let span = left.outer.start..right.outer.end;
            let depth = left.depth.max(right.depth);
            left = node(operator.of(Box::new([left, right])), span, depth, sign)?;
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(u8, Infix)> {
        let sign = match self.next.kind {
            Kind::Sign(sign) => sign,
            Kind::Word if self.is_word("in") => return Some((0, Infix::In)),
            _ => return None,
        };
        Some(match sign {
            "==" => (0, Infix::Compare(Comparison::Equal)),
            "!=" => (0, Infix::Compare(Comparison::NotEqual)),
            "<" => (0, Infix::Compare(Comparison::Less)),
            "<=" => (0, Infix::Compare(Comparison::LessOrEqual)),
            ">" => (0, Infix::Compare(Comparison::Greater)),
            ">=" => (0, Infix::Compare(Comparison::GreaterOrEqual)),
            "+" => (1, Infix::Arithmetic(Operator::Add)),
            "-" => (1, Infix::Arithmetic(Operator::Subtract)),
            "*" => (2, Infix::Arithmetic(Operator::Multiply)),
            "/" => (2, Infix::Arithmetic(Operator::Divide)),
            "%" => (2, Infix::Arithmetic(Operator::Remainder)),
            _ => return None,
        })
    }

    /// Any number of `!` or of `-` before a value.
    fn unary(&mut self) -> Result<Tree<'s>> {
        let (sign, form): (_, fn(Box<Tree<'s>>) -> Form<'s>) = match self.next.kind {
            Kind::Sign("!") => ("!", Form::Not),
            Kind::Sign("-") => ("-", Form::Negate),
            _ => return self.value(None),
        };
        let mut signs = Vec::new();
        while let Some(span) = self.eaten(sign)? {
            signs.push(span);
        }
        let minus = match sign {
            "-" if signs.len() == 1 && self.is_number() => signs.pop(),
            "-" => None,
            _ => self.minus()?,
        };
        let mut tree = self.value(minus)?;
        while let Some(sign) = signs.pop() {
            let (span, depth) = (sign.start..tree.outer.end, tree.depth);
            tree = node(form(Box::new(tree)), span, depth, sign)?;
        }
        Ok(tree)
    }

    /// The sign of a number.
    fn minus(&mut self) -> Result<Option<Range<usize>>> {
        match self.eaten("-")? {
            Some(sign) if !self.is_number() => Err(mistake(sign, "`-` is not expected here", None)),
            sign => Ok(sign),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self.next.kind, Kind::Int | Kind::Fraction)
    }
}

/// An operator between two values.
#[derive(Clone, Copy)]
enum Infix {
    Compare(Comparison),
    Arithmetic(Operator),
    In,
}

impl Infix {
    fn of(self, pair: Box<[Tree<'_>; 2]>) -> Form<'_> {
        match self {
            Self::Compare(comparison) => Form::Compare(comparison, pair),
            Self::Arithmetic(operator) => Form::Arithmetic(operator, pair),
            Self::In => Form::In(pair),
        }
    }
}
