//! The typed form of an expression that is evaluated.

use std::ops::Range;

use regex::Regex;
use rust_decimal::Decimal;

use super::Type;
use super::functions::Function;

/// An expression with its type and its place in the source.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) ty: Type,
    pub(crate) span: Range<usize>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Literal(Literal),
    Root {
        name: String,
        members: Vec<String>,
    },
    Reference {
        key: String,
        members: Vec<String>,
    },
    Now,
    /// A variable of a comprehension, counted from the outermost.
    Local(usize),
    Member(Box<Node>, String),
    Index(Box<[Node; 2]>),
    Has(Box<Node>),
    Default(Box<[Node; 2]>),
    /// An integer where decimals are, so that the result has one type.
    Widen(Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    Compare(Comparison, Box<[Node; 2]>),
    Arithmetic(Operator, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    List(Vec<Node>),
    Map(Vec<[Node; 2]>),
    Call(&'static Function, Vec<Node>),
    /// `matches` with a pattern that was compiled at load.
    Matches(Box<Node>, Regex),
    Fold(Box<Fold>),
}

#[derive(Debug, Clone)]
pub(crate) enum Literal {
    Unset,
    Bool(bool),
    Int(i64),
    Double(f64),
    Decimal(Decimal),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// How it is written.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::Add => '+',
            Self::Subtract => '-',
            Self::Multiply => '*',
            Self::Divide => '/',
            Self::Remainder => '%',
        }
    }
}

/// A macro over a list's elements or a map's keys.
#[derive(Debug, Clone)]
pub(crate) struct Fold {
    pub(crate) kind: FoldKind,
    pub(crate) range: Node,
    /// The predicate; of `map`, the new element.
    pub(crate) body: Node,
    /// Which elements `map` takes.
    pub(crate) filter: Option<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoldKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl Node {
    /// The same value as this type, which accepts it.
    pub(crate) fn widened(self, ty: &Type) -> Self {
        if self.ty != Type::Int || *ty != Type::Decimal {
            return self;
        }
        let span = self.span.clone();
        Self {
            kind: Kind::Widen(Box::new(self)),
            ty: Type::Decimal,
            span,
        }
    }
}
