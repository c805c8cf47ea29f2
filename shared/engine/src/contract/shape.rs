//! The result of a step in the shape that later steps read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::ScopeData;
use super::work::Work;
use crate::definition::model::{MappedField, StepDefinition};
use crate::expr::EvaluationError;
use crate::field::{self, Field, Rule, Violation};
use crate::step::{Keeps, StepError};

/// Why an update was refused, if it was.
pub(super) fn refusal(output: &Json) -> Option<&str> {
    if output.get("refused") == Some(&Json::Bool(true)) {
        Some(
            output
                .get("reason")
                .and_then(Json::as_str)
                .unwrap_or("refused"),
        )
    } else {
        None
    }
}

/// The largest result of a step, in bytes as JSON: every later message of the execution carries
/// it.
pub(super) const MAX_OUTPUT: usize = 32 * 1024;

/// Shapes a step's result: by its `returns`, else what the function keeps.
///
/// # Errors
/// [`StepError::Permanent`] when the response is not what `returns` declares, or too large.
pub(super) fn shaped(
    work: &Work<'_>,
    keeps: Keeps,
    output: Json,
    now: Timestamp,
) -> Result<Json, StepError> {
    let output = returned(work, keeps, output, now)?;
    let size = output.to_string().len();
    if size <= MAX_OUTPUT {
        return Ok(output);
    }
    let message = format!(
        "the result has {size} bytes, at most {MAX_OUTPUT}: name what later steps need in `returns`"
    );
    Err(StepError::permanent("ResultTooLarge", message))
}

/// Shapes a result that a person gives: as the step declares it, as far as that is known.
///
/// # Errors
/// What is wrong with it.
pub(super) fn declared(definition: &StepDefinition, output: Json) -> Result<Json, Vec<Violation>> {
    let size = output.to_string().len();
    if size > MAX_OUTPUT {
        return Err(vec![wrong(
            Rule::Max,
            format!("at most {MAX_OUTPUT} bytes"),
        )]);
    }
    let Some(returns) = &definition.returns else {
        return Ok(output);
    };
    let Json::Object(values) = output else {
        return Err(vec![wrong(Rule::Type, "an object".to_owned())]);
    };
    field::accept_all(&fields(returns), &values, field::Unknown::Refused).map(Json::Object)
}

fn wrong(rule: Rule, expected: String) -> Violation {
    Violation {
        path: String::new(),
        rule,
        expected,
        actual: "the result".to_owned(),
        hint: None,
    }
}

fn fields(returns: &BTreeMap<String, MappedField>) -> BTreeMap<String, Field> {
    let field = |(name, mapped): (&String, &MappedField)| (name.clone(), mapped.field.clone());
    returns.iter().map(field).collect()
}

fn returned(
    work: &Work<'_>,
    keeps: Keeps,
    output: Json,
    now: Timestamp,
) -> Result<Json, StepError> {
    let Some(returns) = &work.definition.returns else {
        return Ok(kept(keeps, collected(work, &output), output));
    };
    let invalid = |message: String| StepError::permanent("InvalidResponse", message);
    let mut scope = ScopeData::of(&work.envelope.context, &work.envelope.execution.home.tenant);
    scope.set("response", output);
    let mut values = Map::new();
    for (name, mapped) in returns {
        let value = value(mapped, &scope, now)
            .map_err(|error| invalid(format!("returns.{name}: {error}")))?;
        values.extend(value.map(|value| (name.clone(), value)));
    }
    field::accept_all(&fields(returns), &values, field::Unknown::Dropped)
        .map(Json::Object)
        .map_err(|wrong| invalid(field::describe(&wrong)))
}

/// The name of what was collected from pages, where the output has it.
fn collected<'w>(work: &'w Work<'_>, output: &Json) -> Option<&'w str> {
    let pages = work.definition.pages.as_ref()?;
    output.get(&pages.into).map(|_| pages.into.as_str())
}

/// What later steps read of an output: the members that the function keeps, and one more.
pub(super) fn kept(keeps: Keeps, more: Option<&str>, output: Json) -> Json {
    match keeps {
        Keeps::All => output,
        Keeps::Only(members) => {
            let members = members.iter().copied().chain(more);
            let kept = members.filter_map(|name| {
                let value = output.get(name)?;
                Some((name.to_owned(), value.clone()))
            });
            kept.collect::<Map<_, _>>().into()
        }
    }
}

fn value(
    mapped: &MappedField,
    scope: &ScopeData,
    now: Timestamp,
) -> Result<Option<Json>, EvaluationError> {
    scope.with(&BTreeMap::new(), now, |scope| match &mapped.condition {
        Some(condition) if !condition.condition(scope)? => Ok(None),
        _ => mapped.from.evaluate(scope),
    })
}
