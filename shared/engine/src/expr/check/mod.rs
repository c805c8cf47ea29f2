//! The type checker: from the parser's tree to typed nodes, with every mistake on the way.

mod calls;
mod folds;
mod operators;
mod paths;

use std::ops::Range;

use cel::common::ast::{EntryExpr, Expr, LiteralValue, MapExpr};
use cel::parser::Expression as Tree;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::ir::{Kind, Literal, Node};
use super::parse::Places;
use super::reads::Reads;
use super::{Environment, Mistake, Type};

/// What the check found besides the nodes.
pub(crate) struct Checker<'e> {
    env: &'e Environment,
    source: &'e str,
    places: &'e Places<'e>,
    locals: Vec<(String, Type)>,
    pub(crate) mistakes: Vec<Mistake>,
    pub(crate) reads: Reads,
}

impl<'e> Checker<'e> {
    pub(crate) fn new(env: &'e Environment, source: &'e str, places: &'e Places<'e>) -> Self {
        Self {
            env,
            source,
            places,
            locals: Vec::new(),
            mistakes: Vec::new(),
            reads: Reads::default(),
        }
    }

    /// Checks an expression; after a mistake its type is dynamic, so that one is not reported twice.
    pub(crate) fn node(&mut self, tree: &Tree) -> Node {
        match &tree.expr {
            Expr::Literal(literal) => self.literal(tree.id, literal),
            Expr::Select(select) if select.test => self.presence(tree),
            Expr::Ident(_) | Expr::Select(_) => self.path(tree),
            Expr::Call(call) => self.call(tree.id, call),
            Expr::Comprehension(fold) => self.fold(tree.id, fold),
            Expr::List(list) => self.list(tree.id, &list.elements),
            Expr::Map(map) => self.map(tree.id, map),
            Expr::Struct(message) => {
                let span = self.places.token(tree.id)..self.places.closing(tree.id);
                self.broken(
                    span,
                    format!("`{}` is no type here", message.type_name),
                    None,
                )
            }
            Expr::Unspecified => self.broken(
                0..self.source.len(),
                "this is not an expression".to_owned(),
                None,
            ),
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

    fn literal(&mut self, id: u64, literal: &LiteralValue) -> Node {
        let span = self.signed(self.places.word(id));
        let (literal, ty) = match literal {
            LiteralValue::Null => (Literal::Unset, Type::Dynamic),
            LiteralValue::Boolean(value) => (Literal::Bool(*value.inner()), Type::Bool),
            LiteralValue::Int(value) => (Literal::Int(*value.inner()), Type::Int),
            LiteralValue::String(value) => (Literal::Text(value.inner().to_owned()), Type::String),
            LiteralValue::Double(value) => fraction(self.written(&span), *value.inner()),
            LiteralValue::UInt(value) => {
                let help = Some(format!("write `{}`", value.inner()));
                return self.broken(span, "every integer is signed".to_owned(), help);
            }
            LiteralValue::Bytes(_) => {
                let help = Some("write text: `'…'`".to_owned());
                return self.broken(span, "there are no bytes here".to_owned(), help);
            }
        };
        node(Kind::Literal(literal), ty, span)
    }

    /// A number's token leaves its sign out.
    fn signed(&self, span: Range<usize>) -> Range<usize> {
        let number = self
            .written(&span)
            .starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let before = self.source.get(..span.start).unwrap_or_default();
        let operand = before.trim_end_matches('-').trim_end();
        let negative = before.ends_with('-')
            && !operand.ends_with(|c: char| c.is_alphanumeric() || "_)]}'\"".contains(c));
        span.start - usize::from(number && negative)..span.end
    }

    fn list(&mut self, id: u64, elements: &[Tree]) -> Node {
        let span = self.places.token(id)..self.places.closing(id);
        let elements: Vec<Node> = elements.iter().map(|element| self.node(element)).collect();
        let of = united(elements.iter().map(|element| &element.ty));
        let elements = elements
            .into_iter()
            .map(|element| element.widened(&of))
            .collect();
        node(Kind::List(elements), Type::List(Box::new(of)), span)
    }

    fn map(&mut self, id: u64, map: &MapExpr) -> Node {
        let span = self.places.token(id)..self.places.closing(id);
        let mut entries = Vec::new();
        for entry in &map.entries {
            if let EntryExpr::MapEntry(entry) = &entry.expr {
                let key = self.node(&entry.key);
                self.expect(&key, &Type::String, "a key is text");
                entries.push([key, self.node(&entry.value)]);
            }
        }
        let ty = entries
            .iter()
            .map(|[key, value]| match &key.kind {
                Kind::Literal(Literal::Text(name)) => Some((name.clone(), value.ty.clone())),
                _ => None,
            })
            .collect::<Option<_>>()
            .map_or(Type::Dynamic, |members| {
                Type::Object(std::sync::Arc::new(members))
            });
        node(Kind::Map(entries), ty, span)
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
fn fraction(written: &str, value: f64) -> (Literal, Type) {
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
