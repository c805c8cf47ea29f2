//! What the errors of rendering mean.

use std::error::Error as _;
use std::ops::Range;

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
    let found = error
        .template_source()
        .zip(error.range())
        .and_then(|(source, range)| {
            let before = source.get(..range.start)?;
            if before.trim_end().ends_with('|') {
                return Some(filtered(before.trim_end()));
            }
            let start =
                before.trim_end_matches(|c: char| c.is_alphanumeric() || "_.[]'".contains(c));
            source.get(start.len()..range.end)
        });
    let written = found.unwrap_or("a value of the template");
    let path = written.split('|').next().unwrap_or(written);
    path.trim_matches(|c: char| "{}%- \n".contains(c))
        .to_owned()
}

/// The value in front of a filter, whose error has the filter's own place.
fn filtered(before: &str) -> &str {
    let start = before.rfind(['{', '%', '(', ',']).map_or(0, |at| at + 1);
    let value = before.get(start..).unwrap_or_default();
    let value = value.split('|').next().unwrap_or_default();
    value.split_whitespace().next_back().unwrap_or_default()
}

/// The detail, or else the kind.
pub(super) fn described(error: &Error) -> String {
    error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned)
}

/// The place of an error; MiniJinja may point behind the end.
pub(super) fn place_of(error: &Error, source: &str) -> Option<Range<usize>> {
    let range = error.range()?;
    let end = range.end.min(source.len());
    let range = range.start.min(end)..end;
    source.get(range.clone()).map(|_| range)
}
