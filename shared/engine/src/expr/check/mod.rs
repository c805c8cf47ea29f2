//! The type checker: from the parsed tree to typed nodes, with every mistake on the way.

mod calls;
mod folds;
mod operators;
mod paths;

use std::ops::Range;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::ir::{Kind, Literal, Node};
use super::parse::{Form, Tree};
use super::reads::Reads;
use super::{Environment, Mistake, Type};

/// What the check found besides the nodes.
pub(crate) struct Checker<'e> {
    env: &'e Environment,
    source: &'e str,
    locals: Vec<(String, Type)>,
    pub(crate) mistakes: Vec<Mistake>,
    pub(crate) reads: Reads,
}

impl<'e> Checker<'e> {
    pub(crate) fn new(env: &'e Environment, source: &'e str) -> Self {
        Self {
            env,
            source,
            locals: Vec::new(),
            mistakes: Vec::new(),
            reads: Reads::default(),
        }
    }

    /// Checks an expression; after a mistake its type is dynamic, so that one is not reported twice.
    pub(crate) fn node(&mut self, tree: &Tree<'_>) -> Node {
        let span = tree.span.clone();
        let constant = |literal, ty| node(Kind::Literal(literal), ty, tree.span.clone());
        match &tree.form {
            Form::Null => constant(Literal::Unset, Type::Dynamic),
            Form::Bool(value) => constant(Literal::Bool(*value), Type::Bool),
            Form::Int(value) => constant(Literal::Int(*value), Type::Int),
            Form::Text(value) => constant(Literal::Text(value.clone()), Type::String),
            Form::Fraction(written) => {
                let (literal, ty) = fraction(written);
                constant(literal, ty)
            }
            Form::Refused(message, help) => self.broken(span, message.clone(), help.clone()),
            Form::Name(_) | Form::Select(..) => self.path(tree),
            Form::Call(call) => self.call(call, span),
            Form::Index(pair) => self.index(pair, span),
            Form::Not(operand) => self.not(operand, span),
            Form::Negate(operand) => self.negate(operand, span),
            Form::And(pair) => self.logic(pair, Kind::And, span),
            Form::Or(pair) => self.logic(pair, Kind::Or, span),
            Form::Choice(parts) => self.choice(parts, span),
            Form::Compare(comparison, pair) => self.compare(*comparison, pair, span),
            Form::Arithmetic(operator, pair) => self.arithmetic(*operator, pair, span),
            Form::In(pair) => self.member_of(pair, span),
            Form::List(elements) => self.list(elements, span),
            Form::Map(entries) => self.map(entries, span),
        }
    }

    /// The text of a span as it was written.
    fn written(&self, span: &Range<usize>) -> &'e str {
        self.source.get(span.clone()).unwrap_or_default()
    }

    fn mistake(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        self.mistakes.push(Mistake {
            span,
            message,
            help,
        });
    }

    fn broken(&mut self, span: Range<usize>, message: String, help: Option<String>) -> Node {
        self.mistake(span.clone(), message, help);
        node(Kind::Literal(Literal::Unset), Type::Dynamic, span)
    }

    fn list(&mut self, elements: &[Tree<'_>], span: Range<usize>) -> Node {
        let elements: Vec<Node> = elements.iter().map(|element| self.node(element)).collect();
        let of = united(elements.iter().map(|element| &element.ty));
        let elements = elements
            .into_iter()
            .map(|element| element.widened(&of))
            .collect();
        node(Kind::List(elements), Type::List(Box::new(of)), span)
    }

    fn map(&mut self, entries: &[[Tree<'_>; 2]], span: Range<usize>) -> Node {
        let mut checked = Vec::new();
        for [key, value] in entries {
            let key = self.node(key);
            self.expect(&key, &Type::String, "a key is text");
            checked.push([key, self.node(value)]);
        }
        let ty = checked
            .iter()
            .map(|[key, value]| match &key.kind {
                Kind::Literal(Literal::Text(name)) => Some((name.clone(), value.ty.clone())),
                _ => None,
            })
            .collect::<Option<_>>()
            .map_or(Type::Dynamic, |members| {
                Type::Object(std::sync::Arc::new(members))
            });
        node(Kind::Map(checked), ty, span)
    }

    /// Reports an operand of another type; `rule` says what belongs there.
    fn expect(&mut self, found: &Node, expected: &Type, rule: &str) {
        if !expected.accepts(&found.ty) {
            let written = self.written(&found.span);
            let message = format!("{rule}, but `{written}` is {}", found.ty);
            self.mistake(found.span.clone(), message, None);
        }
    }
}

fn node(kind: Kind, ty: Type, span: Range<usize>) -> Node {
    Node { kind, ty, span }
}

/// A fraction is exact, unless it is beyond the range of decimals.
fn fraction(written: &str) -> (Literal, Type) {
    let value = written.parse().unwrap_or(f64::NAN);
    let exact = written
        .parse::<Decimal>()
        .or_else(|_| Decimal::from_scientific(written))
        .ok()
        .or_else(|| Decimal::from_f64(value));
    match exact {
        Some(exact) => (Literal::Decimal(exact), Type::Decimal),
        None => (Literal::Double(value), Type::Double),
    }
}

/// The type of either of two nodes; null has any.
fn either(a: &Node, b: &Node) -> Option<Type> {
    match (&a.kind, &b.kind) {
        (Kind::Literal(Literal::Unset), _) => Some(b.ty.clone()),
        (_, Kind::Literal(Literal::Unset)) => Some(a.ty.clone()),
        _ => a.ty.unified(&b.ty),
    }
}

/// One type for all, or dynamic.
fn united<'t>(mut types: impl Iterator<Item = &'t Type>) -> Type {
    let Some(first) = types.next() else {
        return Type::Dynamic;
    };
    types
        .try_fold(first.clone(), |all, ty| all.unified(ty))
        .unwrap_or(Type::Dynamic)
}
