//! A compiled expression: what it reads, its type, and its evaluation.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::check::Checker;
use super::eval::{Evaluator, truth};
use super::ir::Node;
use super::parse::parse;
use super::{Environment, EvaluationError, Mistake, Scope, Type};
use crate::name::RecordType;

/// A strong read through a reference: the record is read anew when the expression is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefRead {
    /// The path of the reference: `record.patient`.
    pub path: String,
    /// The type of the record that it names.
    pub record: RecordType,
    /// The members that are read.
    pub members: BTreeSet<String>,
}

/// A CEL expression, type-checked at load.
#[derive(Debug, Clone)]
pub struct Expression(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: String,
    root: Node,
    reads: Vec<RefRead>,
    paths: Vec<String>,
}

impl Expression {
    /// Compiles and type-checks.
    ///
    /// # Errors
    /// All mistakes of the source text; another type than `expected` is one of the whole text.
    pub fn compile(
        source: &str,
        env: &Environment,
        expected: Option<&Type>,
    ) -> Result<Self, Vec<Mistake>> {
        let tree = parse(source).map_err(|mistake| vec![mistake])?;
        let mut checker = Checker::new(env, source);
        let root = checker.node(&tree);
        let mut mistakes = std::mem::take(&mut checker.mistakes);
        mistakes.extend(unexpected(source, &root.ty, expected));
        if !mistakes.is_empty() {
            mistakes.sort_by_key(|mistake| mistake.span.start);
            return Err(mistakes);
        }
        let root = match expected {
            Some(ty) => root.widened(ty),
            None => root,
        };
        let (paths, reads) = checker.reads.finish();
        let source = source.to_owned();
        Ok(Self(Arc::new(Inner {
            source,
            root,
            reads,
            paths,
        })))
    }

    /// The text that was compiled.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The static type of the result.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.0.root.ty
    }

    /// The strong reads, first hops before second hops.
    #[must_use]
    pub fn reads(&self) -> &[RefRead] {
        &self.0.reads
    }

    /// Every dotted path that is read, in order of appearance: `record.amount`.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        &self.0.paths
    }

    /// The value in JSON normal form; `None` when it is unset.
    ///
    /// # Errors
    /// [`EvaluationError`] when an operator met an unset value, a wrong type or no result.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Option<Json>, EvaluationError> {
        let evaluator = Evaluator::new(scope, &self.0.source);
        evaluator.run(&self.0.root)?.into_json()
    }

    /// The verdict of a condition.
    ///
    /// # Errors
    /// As [`Expression::evaluate`]; also when the value is unset or not a boolean.
    pub fn condition(&self, scope: &Scope<'_>) -> Result<bool, EvaluationError> {
        let evaluator = Evaluator::new(scope, &self.0.source);
        truth(evaluator.run(&self.0.root)?)
    }
}

fn unexpected(source: &str, found: &Type, expected: Option<&Type>) -> Option<Mistake> {
    let expected = expected.filter(|expected| !expected.accepts(found))?;
    Some(Mistake {
        span: 0..source.len(),
        message: format!("this is {found}, but {expected} is needed here"),
        help: None,
    })
}
