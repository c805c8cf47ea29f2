//! Operators: which operands they take, and what would be right instead.

use std::ops::Range;

use rust_decimal::prelude::ToPrimitive;

use super::{Checker, either, node};
use crate::expr::Type;
use crate::expr::ir::{Comparison, Kind, Literal, Node, Operator};
use crate::expr::parse::Tree;

impl Checker<'_> {
    pub(super) fn logic(
        &mut self,
        pair: &[Tree<'_>; 2],
        kind: fn(Box<[Node; 2]>) -> Kind,
        span: Range<usize>,
    ) -> Node {
        let operands = pair.each_ref().map(|tree| self.verdict(tree));
        node(kind(Box::new(operands)), Type::Bool, span)
    }

    /// An operand that must be true or false.
    pub(super) fn verdict(&mut self, tree: &Tree<'_>) -> Node {
        let operand = self.node(tree);
        self.expect(&operand, &Type::Bool, "a condition is true or false");
        operand
    }

    pub(super) fn not(&mut self, operand: &Tree<'_>, span: Range<usize>) -> Node {
        let operand = self.verdict(operand);
        node(Kind::Not(Box::new(operand)), Type::Bool, span)
    }

    pub(super) fn negate(&mut self, operand: &Tree<'_>, span: Range<usize>) -> Node {
        let operand = self.node(operand);
        let ty = operand.ty.clone();
        if !(ty.is_dynamic() || ty.is_number() || ty == Type::Duration) {
            return self.broken(span, format!("`-` does not apply to {ty}"), None);
        }
        node(Kind::Negate(Box::new(operand)), ty, span)
    }

    pub(super) fn choice(&mut self, parts: &[Tree<'_>; 3], span: Range<usize>) -> Node {
        let [condition, yes, no] = parts;
        let condition = self.verdict(condition);
        let branches = yes.outer.start..no.outer.end;
        let (yes, no) = (self.node(yes), self.node(no));
        let ty = either(&yes, &no).unwrap_or_else(|| {
            let message = format!("one choice is {}, the other {}", yes.ty, no.ty);
            self.mistake(branches, message, None);
            Type::Dynamic
        });
        let choice = [condition, yes.widened(&ty), no.widened(&ty)];
        node(Kind::If(Box::new(choice)), ty, span)
    }

    pub(super) fn compare(
        &mut self,
        comparison: Comparison,
        pair: &[Tree<'_>; 2],
        span: Range<usize>,
    ) -> Node {
        let operands = adapted(pair.each_ref().map(|tree| self.node(tree)));
        let [a, b] = &operands;
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if !a.ty.compares_with(&b.ty) {
            let message = format!("{} cannot be compared with {}", a.ty, b.ty);
            let help = self.conversion(a, b).or_else(|| self.conversion(b, a));
            self.mistake(span.clone(), message, help);
        } else if !(equality || a.ty.is_ordered() && b.ty.is_ordered()) {
            let ty = if a.ty.is_ordered() { &b.ty } else { &a.ty };
            self.mistake(span.clone(), format!("{ty} has no order"), None);
        }
        node(
            Kind::Compare(comparison, Box::new(operands)),
            Type::Bool,
            span,
        )
    }

    pub(super) fn member_of(&mut self, pair: &[Tree<'_>; 2], span: Range<usize>) -> Node {
        let [element, list] = pair;
        let written = self.written(&list.outer);
        let (element, list) = (self.node(element), self.node(list));
        match &list.ty {
            Type::List(of) if !of.compares_with(&element.ty) => {
                let message = format!("{} is never in a list of {}", element.ty, plural(of));
                self.mistake(span.clone(), message, None);
            }
            Type::List(_) | Type::Dynamic => {}
            Type::Object(_) => self.expect(&element, &Type::String, "a key is text"),
            other => {
                let message = format!("`in` needs a list or an object, not {other}");
                let help =
                    (*other == Type::String).then(|| format!("write `{written}.contains(…)`"));
                self.mistake(list.span.clone(), message, help);
            }
        }
        node(Kind::In(Box::new([element, list])), Type::Bool, span)
    }

    pub(super) fn arithmetic(
        &mut self,
        operator: Operator,
        pair: &[Tree<'_>; 2],
        span: Range<usize>,
    ) -> Node {
        let operands = adapted(pair.each_ref().map(|tree| self.node(tree)));
        let [a, b] = &operands;
        let Some(ty) = result(operator, &a.ty, &b.ty) else {
            let sign = operator.sign();
            let message = format!("`{sign}` does not apply to {} and {}", a.ty, b.ty);
            let help = self.arithmetic_help(operator, a, b);
            return self.broken(span, message, help);
        };
        node(Kind::Arithmetic(operator, Box::new(operands)), ty, span)
    }

    fn arithmetic_help(&self, operator: Operator, a: &Node, b: &Node) -> Option<String> {
        let text = match (&a.ty, &b.ty) {
            (text, other) if text.is_text() && operator == Operator::Add => {
                Some(other).zip(Some(b))
            }
            (other, text) if text.is_text() && operator == Operator::Add => {
                Some(other).zip(Some(a))
            }
            _ => None,
        };
        match text {
            Some((Type::List(_) | Type::Object(_), _)) => None,
            Some((_, other)) => Some(format!("write `string({})`", self.written(&other.span))),
            None => self.conversion(a, b).or_else(|| self.conversion(b, a)),
        }
    }

    /// How `from` would become comparable with `to`.
    fn conversion(&self, from: &Node, to: &Node) -> Option<String> {
        let function = match (&from.ty, &to.ty) {
            (Type::String | Type::Double, Type::Decimal) => "decimal",
            (Type::String, Type::Int) => "int",
            (Type::String | Type::Time, Type::Date) => "date",
            (Type::String, Type::Time) => "timestamp",
            (Type::String, Type::Duration) => "duration",
            (Type::String, Type::Double) => "double",
            _ => return None,
        };
        Some(format!("write `{function}({})`", self.written(&from.span)))
    }
}

fn plural(ty: &Type) -> String {
    match ty {
        Type::String => "texts".to_owned(),
        Type::Dynamic => "anything".to_owned(),
        other => {
            let name = other.to_string();
            let name = name.trim_start_matches("an ").trim_start_matches("a ");
            format!("{name}s")
        }
    }
}

/// A written fraction is a float beside a float, and beside undeclared JSON, whose numbers are.
fn adapted(pair: [Node; 2]) -> [Node; 2] {
    let [mut a, mut b] = pair;
    adapt(&mut a, &b.ty);
    adapt(&mut b, &a.ty);
    [a, b]
}

fn adapt(literal: &mut Node, other: &Type) {
    if let (Kind::Literal(Literal::Decimal(exact)), Type::Double | Type::Dynamic) =
        (&literal.kind, other)
        && let Some(float) = exact.to_f64()
    {
        literal.kind = Kind::Literal(Literal::Double(float));
        literal.ty = Type::Double;
    }
}

fn result(operator: Operator, a: &Type, b: &Type) -> Option<Type> {
    use Operator::{Add, Remainder, Subtract};
    match (operator, a, b) {
        (Add, text, Type::Dynamic) | (Add, Type::Dynamic, text) if text.is_text() => {
            Some(Type::String)
        }
        (_, Type::Dynamic, other) | (_, other, Type::Dynamic) => {
            operand(operator, other).then_some(Type::Dynamic)
        }
        (Remainder, Type::Int, Type::Int) => Some(Type::Int),
        (Remainder, _, _) => None,
        (Add, a, b) if a.is_text() && b.is_text() => Some(Type::String),
        (Add, Type::List(_), Type::List(_)) => a.unified(b),
        (Add, Type::Duration, Type::Time | Type::Date) => Some(b.clone()),
        (Add | Subtract, Type::Time | Type::Date | Type::Duration, Type::Duration) => {
            Some(a.clone())
        }
        (Subtract, Type::Time, Type::Time) | (Subtract, Type::Date, Type::Date) => {
            Some(Type::Duration)
        }
        _ => number(a, b),
    }
}

/// Whether an operator takes such an operand at all, the other one being unknown.
fn operand(operator: Operator, ty: &Type) -> bool {
    match ty {
        Type::Dynamic | Type::Int | Type::Double | Type::Decimal => true,
        Type::List(_) => operator == Operator::Add,
        Type::Time | Type::Date | Type::Duration => {
            matches!(operator, Operator::Add | Operator::Subtract)
        }
        _ => false,
    }
}

fn number(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Int, Type::Int) => Some(Type::Int),
        (Type::Int | Type::Double, Type::Double) | (Type::Double, Type::Int) => Some(Type::Double),
        (Type::Int | Type::Decimal, Type::Decimal) | (Type::Decimal, Type::Int) => {
            Some(Type::Decimal)
        }
        _ => None,
    }
}
