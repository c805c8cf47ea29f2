//! The evaluator: typed nodes against a scope, without allocating for reads and comparisons.

mod compare;
mod folds;
mod operators;

use std::borrow::Cow;
use std::cell::Cell;

use regex::Regex;
use serde_json::Value as Json;

use super::functions::{Function, Moment};
use super::ir::{Kind, Literal, Node};
use super::value::{Value, unset};
use super::{EvaluationError, Scope};

pub(crate) use compare::order;
pub(crate) use operators::arithmetic;

/// How many elements all macros of one evaluation may visit together.
const FUEL: u32 = 1_000_000;

type Result<T> = std::result::Result<T, EvaluationError>;

/// The variables of the macros around a node, innermost first.
pub(crate) struct Frame<'f, 'a> {
    index: usize,
    value: Value<'a>,
    outer: Option<&'f Frame<'f, 'a>>,
}

/// One evaluation.
pub(crate) struct Evaluator<'a> {
    scope: &'a Scope<'a>,
    source: &'a str,
    fuel: Cell<u32>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(scope: &'a Scope<'a>, source: &'a str) -> Self {
        Self {
            scope,
            source,
            fuel: Cell::new(FUEL),
        }
    }

    /// The value of a whole expression.
    pub(crate) fn run(&self, root: &'a Node) -> Result<Value<'a>> {
        self.value(root, None)
    }

    fn value(&self, node: &'a Node, frame: Option<&Frame<'_, 'a>>) -> Result<Value<'a>> {
        match &node.kind {
            Kind::Literal(literal) => Ok(literal_value(literal)),
            Kind::Root { name, members } => self.read(self.root(name), members, node),
            Kind::Reference { key, members } => self.read(self.scope.refs.get(key), members, node),
            Kind::Now => Ok(Value::Time(self.scope.now)),
            Kind::Local(index) => Ok(local(*index, frame, self.written(node))),
            Kind::Member(owner, name) => self.value(owner, frame)?.member(name, self.written(node)),
            Kind::Index(pair) => self.index(pair, node, frame),
            Kind::Has(path) => self.has(path, frame),
            Kind::Default(pair) => self.fallback(pair, frame),
            Kind::Widen(value) => Ok(widened(self.value(value, frame)?)),
            Kind::Not(operand) => Ok(Value::Bool(!self.verdict(operand, frame)?)),
            Kind::Negate(operand) => operators::negate(self.value(operand, frame)?),
            Kind::And(pair) => self.logic(pair, false, frame),
            Kind::Or(pair) => self.logic(pair, true, frame),
            Kind::If(choice) => self.choice(choice, frame),
            Kind::Compare(comparison, pair) => {
                let (a, b) = self.pair(pair, frame)?;
                compare::compare(*comparison, &a, &b).map(Value::Bool)
            }
            Kind::Arithmetic(operator, pair) => {
                let (a, b) = self.pair(pair, frame)?;
                operators::arithmetic(*operator, a, b, self.scope.tz)
            }
            Kind::In(pair) => self.member_of(pair, frame),
            Kind::List(elements) => self.all(elements, frame).map(Value::List),
            Kind::Map(entries) => self.map(entries, frame),
            Kind::Call(function, arguments) => self.call(function, arguments, frame),
            Kind::Matches(subject, regex) => self.matches(subject, regex, frame),
            Kind::Fold(fold) => self.fold(fold, frame),
        }
    }

    fn call(
        &self,
        function: &'static Function,
        arguments: &'a [Node],
        frame: Option<&Frame<'_, 'a>>,
    ) -> Result<Value<'a>> {
        let arguments = self.set(arguments, frame)?;
        self.burn(function.cost)?;
        function.call(Moment { tz: self.scope.tz }, arguments)
    }

    fn matches(
        &self,
        subject: &'a Node,
        regex: &Regex,
        frame: Option<&Frame<'_, 'a>>,
    ) -> Result<Value<'a>> {
        match self.value(subject, frame)? {
            Value::Text(text) => Ok(Value::Bool(regex.is_match(&text))),
            other => Err(other.mismatch("text")),
        }
    }

    fn written(&self, node: &Node) -> &'a str {
        self.source.get(node.span.clone()).unwrap_or_default()
    }

    fn root(&self, name: &str) -> Option<&'a Json> {
        self.scope
            .roots
            .iter()
            .find(|(root, _)| *root == name)
            .map(|(_, json)| *json)
    }

    /// A path is a pointer walk whose last value is read by its declared type.
    fn read(
        &self,
        json: Option<&'a Json>,
        members: &[String],
        node: &'a Node,
    ) -> Result<Value<'a>> {
        let leaf = members
            .iter()
            .try_fold(json, |json, name| Some(json?.get(name)))
            .flatten();
        match leaf {
            Some(json) => Value::read(json, &node.ty, self.written(node)),
            None => Ok(Value::Unset(self.written(node))),
        }
    }

    fn index(
        &self,
        pair: &'a [Node; 2],
        node: &Node,
        frame: Option<&Frame<'_, 'a>>,
    ) -> Result<Value<'a>> {
        let (owner, index) = self.pair(pair, frame)?;
        match (owner, index) {
            (Value::Unset(path), _) => Ok(Value::Unset(path)),
            (owner, Value::Int(index)) => owner.element(index, self.written(node)),
            (owner, Value::Text(key)) => owner.member(&key, self.written(node)),
            (_, index) => Err(index.mismatch("an index")),
        }
    }

    /// False when anything on the way is unset or of another shape.
    fn has(&self, path: &'a Node, frame: Option<&Frame<'_, 'a>>) -> Result<Value<'a>> {
        match self.value(path, frame) {
            Ok(Value::Unset(_)) | Err(EvaluationError::UnsetValue { .. }) => Ok(Value::Bool(false)),
            Ok(_) => Ok(Value::Bool(true)),
            Err(error) => Err(error),
        }
    }

    fn fallback(&self, pair: &'a [Node; 2], frame: Option<&Frame<'_, 'a>>) -> Result<Value<'a>> {
        let [value, fallback] = pair;
        match self.value(value, frame) {
            Ok(Value::Unset(_)) | Err(EvaluationError::UnsetValue { .. }) => {
                self.value(fallback, frame)
            }
            other => other,
        }
    }

    /// Reads a truth value; unset and other types are errors.
    fn verdict(&self, node: &'a Node, frame: Option<&Frame<'_, 'a>>) -> Result<bool> {
        truth(self.value(node, frame)?)
    }

    /// `&&` (`decides` = false) and `||`: an error on one side is absorbed if the other decides.
    fn logic(
        &self,
        pair: &'a [Node; 2],
        decides: bool,
        frame: Option<&Frame<'_, 'a>>,
    ) -> Result<Value<'a>> {
        let [left, right] = pair;
        let verdict = match self.verdict(left, frame) {
            Ok(left) if left == decides => Ok(decides),
            Ok(_) => self.verdict(right, frame),
            Err(error) => match self.verdict(right, frame) {
                Ok(right) if right == decides => Ok(decides),
                _ => Err(error),
            },
        };
        verdict.map(Value::Bool)
    }

    fn choice(&self, choice: &'a [Node; 3], frame: Option<&Frame<'_, 'a>>) -> Result<Value<'a>> {
        let [condition, yes, no] = choice;
        let chosen = if self.verdict(condition, frame)? {
            yes
        } else {
            no
        };
        self.value(chosen, frame)
    }

    fn pair(
        &self,
        pair: &'a [Node; 2],
        frame: Option<&Frame<'_, 'a>>,
    ) -> Result<(Value<'a>, Value<'a>)> {
        let [a, b] = pair;
        let (a, b) = (self.value(a, frame)?, self.value(b, frame)?);
        self.burn(a.weight() + b.weight())?;
        Ok((a, b))
    }

    fn member_of(&self, pair: &'a [Node; 2], frame: Option<&Frame<'_, 'a>>) -> Result<Value<'a>> {
        let (element, list) = self.pair(pair, frame)?;
        compare::is_in(&element, list).map(Value::Bool)
    }

    fn all(&self, nodes: &'a [Node], frame: Option<&Frame<'_, 'a>>) -> Result<Vec<Value<'a>>> {
        nodes.iter().map(|node| self.value(node, frame)).collect()
    }

    /// The arguments of a function, all of which must be set.
    fn set(&self, nodes: &'a [Node], frame: Option<&Frame<'_, 'a>>) -> Result<Vec<Value<'a>>> {
        let set = |value: Value<'a>| match value {
            Value::Unset(path) => Err(unset(path)),
            value => self.burn(value.weight()).map(|()| value),
        };
        nodes
            .iter()
            .map(|node| self.value(node, frame).and_then(set))
            .collect()
    }

    fn map(&self, entries: &'a [[Node; 2]], frame: Option<&Frame<'_, 'a>>) -> Result<Value<'a>> {
        let mut map: Vec<(String, Value<'a>)> = Vec::with_capacity(entries.len());
        for [key, value] in entries {
            let key = match self.value(key, frame)? {
                Value::Text(key) => key.into_owned(),
                other => return Err(other.mismatch("a key")),
            };
            map.retain(|(known, _)| *known != key);
            map.push((key, self.value(value, frame)?));
        }
        Ok(Value::Map(map))
    }
}

/// A truth value; unset and other types are errors.
pub(crate) fn truth(value: Value<'_>) -> Result<bool> {
    match value {
        Value::Bool(verdict) => Ok(verdict),
        other => Err(other.mismatch("true or false")),
    }
}

fn widened(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Int(value) => Value::Decimal(value.into()),
        other => other,
    }
}

fn literal_value(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Unset => Value::Unset("null"),
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Double(value) => Value::Double(*value),
        Literal::Decimal(value) => Value::Decimal(*value),
        Literal::Text(text) => Value::Text(Cow::Borrowed(text)),
    }
}

fn local<'a>(index: usize, frame: Option<&Frame<'_, 'a>>, written: &'a str) -> Value<'a> {
    let mut at = frame;
    while let Some(frame) = at {
        if frame.index == index {
            return match &frame.value {
                Value::Unset(_) => Value::Unset(written),
                value => value.clone(),
            };
        }
        at = frame.outer;
    }
    Value::Unset(written)
}
