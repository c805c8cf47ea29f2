//! What the errors of rendering mean.

use std::error::Error as _;

use minijinja::{Error, ErrorKind};

use crate::expr::EvaluationError;

/// The error inside includes and blocks that started it.
pub(super) fn innermost(error: &Error) -> &Error {
    let mut inner = error;
    while let Some(source) = inner
        .source()
        .and_then(|source| source.downcast_ref::<Error>())
    {
        inner = source;
    }
    inner
}

/// The error of evaluation that a failed rendering is.
pub(super) fn meaning(error: &Error) -> EvaluationError {
    let error = innermost(error);
    if let Some(own) = error
        .source()
        .and_then(|source| source.downcast_ref::<EvaluationError>())
    {
        return own.clone();
    }
    match error.kind() {
        ErrorKind::UndefinedError => EvaluationError::UnsetValue { path: path(error) },
        ErrorKind::OutOfFuel => EvaluationError::Domain("the template takes too long".to_owned()),
        _ => EvaluationError::Type(described(error)),
    }
}

/// What was written where a value is unset, without filters.
fn path(error: &Error) -> String {
    let written = error
        .template_source()
        .zip(error.range())
        .and_then(|(source, range)| source.get(range))
        .unwrap_or("a value of the template");
    let path = written.split('|').next().unwrap_or(written);
    path.trim_matches(|c: char| "{}%- \n".contains(c))
        .to_owned()
}

/// The detail, or else the kind.
pub(super) fn described(error: &Error) -> String {
    error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned)
}
