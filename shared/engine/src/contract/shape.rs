//! The result of a step in the shape that later steps read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::ScopeData;
use super::work::Work;
use crate::definition::model::{Action, MappedField, StepDefinition};
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
    let (size, most) = (output.to_string().len(), most(work));
    if size <= most {
        return Ok(output);
    }
    let each = match &work.envelope.context.element {
        Some(element) => format!(" for one of {} elements", element.of),
        None => String::new(),
    };
    let message = format!(
        "the result has {size} bytes, at most {most}{each}: name what later steps need in `returns`"
    );
    Err(StepError::permanent("ResultTooLarge", message))
}

/// The largest result of this delivery's step. Elements share one result; of one that changes a
/// record, little of its own is kept there.
fn most(work: &Work<'_>) -> usize {
    let calls = matches!(work.definition.action, Action::Call { .. });
    let element = work.envelope.context.element.as_ref().filter(|_| calls);
    element.map_or(MAX_OUTPUT, |element| {
        share(usize::try_from(element.of).unwrap_or(usize::MAX))
    })
}

/// The largest result of an element, in bytes as JSON: a list of so many stays within the bound.
pub(super) fn share(elements: usize) -> usize {
    let brackets = 2;
    (MAX_OUTPUT - brackets) / elements.max(1) - 1
}

/// Shapes a result that a person gives: as the step declares it, as far as that is known.
///
/// # Errors
/// What is wrong with it.
pub(super) fn declared(work: &Work<'_>, output: Json) -> Result<Json, Vec<Violation>> {
    let most = most(work);
    if output.to_string().len() > most {
        return Err(vec![wrong(Rule::Max, format!("at most {most} bytes"))]);
    }
    match (work.items(), output) {
        (None, output) => declared_one(work.definition, output),
        (Some(_), Json::Array(outputs)) => {
            let outputs = outputs.into_iter();
            let declared = outputs.map(|output| declared_one(work.definition, output));
            declared.collect()
        }
        (Some(_), _) => Err(vec![wrong(Rule::Type, "a list".to_owned())]),
    }
}

fn declared_one(definition: &StepDefinition, output: Json) -> Result<Json, Vec<Violation>> {
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
