//! Rendering: the messages of a dispatch, from nothing but the context and what was written
//! down, so that a replay sends the same bytes.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::ScopeData;
use crate::definition::model::{
    Action, Pack, StepDefinition, Target, UpdateRecord, evaluate_members,
};
use crate::entry::{Dispatch, Elements};
use crate::envelope::{Context, ElementContext, Envelope, Input};
use crate::expr::{EvaluationError, Expression, Scope};
use crate::id::{ExecutionRef, StepKey};
use crate::port::{Outgoing, PortError, QueueName};

/// Renders the messages of a dispatch, from nothing but the context and what was written down.
#[must_use]
pub fn envelopes(
    pack: &Pack,
    execution: &ExecutionRef,
    generation: u32,
    context: &Context,
    dispatch: &Dispatch,
) -> Vec<(Envelope, String)> {
    let mut context = context.clone();
    if let Some(record) = &dispatch.record {
        context.record = Some(record.clone());
    }
    let scope = ScopeData::of(&context, &execution.home.tenant);
    let Some(workflow) = pack.workflows.get(&execution.workflow) else {
        return Vec::new();
    };
    let render = |key: &StepKey| {
        let definition = workflow.step(key)?;
        let rendered = scope.with(&dispatch.refs, dispatch.now, |scope| {
            match definition.each.as_ref().filter(|_| key.element.is_none()) {
                Some(list) => Rendered::of(items(list, definition, scope)),
                None => render(definition, execution, scope),
            }
        });
        let envelope = Envelope {
            execution: execution.clone(),
            manifest: pack.manifest.clone(),
            generation,
            step: key.clone(),
            input: rendered.input,
            once: rendered.once,
            expires: dispatch.expires.or(rendered.expires),
            batch: None,
            due: dispatch.now,
            context: context.clone(),
        };
        Some((envelope, definition.uses.to_string()))
    };
    dispatch.steps.iter().filter_map(render).collect()
}

/// The messages of a dispatch, addressed to the queues of their functions.
///
/// # Errors
/// [`PortError::Unavailable`] when an envelope does not encode.
pub fn messages(
    pack: &Pack,
    execution: &ExecutionRef,
    generation: u32,
    context: &Context,
    dispatch: &Dispatch,
    created: Timestamp,
) -> Result<Vec<Outgoing>, PortError> {
    envelopes(pack, execution, generation, context, dispatch)
        .iter()
        .map(|(envelope, function)| message(envelope, function, created))
        .collect()
}

/// What a step is sent with.
struct Rendered {
    input: Input,
    once: Option<String>,
    expires: Option<Timestamp>,
}

impl Rendered {
    fn of(input: Input) -> Self {
        Self {
            input,
            once: None,
            expires: None,
        }
    }
}

/// The message of an envelope, addressed to the queue of its function.
pub(super) fn message(
    envelope: &Envelope,
    function: &str,
    created: Timestamp,
) -> Result<Outgoing, PortError> {
    let body = serde_json::to_string(envelope)
        .map_err(|error| PortError::Unavailable(error.to_string()))?;
    Ok(Outgoing {
        queue: QueueName::of(function),
        body,
        delay: Duration::ZERO,
        tenant: envelope.execution.home.tenant.clone(),
        created,
    })
}

/// Renders the messages of the elements of a step with `each`, from nothing but the step's own
/// message and what was written down.
#[must_use]
pub fn elements(
    definition: &StepDefinition,
    whole: &Envelope,
    each: &Elements,
    items: &[Json],
) -> Vec<Envelope> {
    let scope = ScopeData::of(&whole.context, &whole.execution.home.tenant);
    let element = |((index, item), step): ((usize, &Json), StepKey)| {
        let (mut scope, mut context) = (scope.clone(), whole.context.clone());
        scope.set("item", item.clone());
        context.element = Some(ElementContext {
            item: item.clone(),
            of: each.count,
        });
        let rendered = scope.with(&each.refs_of(index), each.now, |scope| {
            render(definition, &whole.execution, scope)
        });
        Envelope {
            step,
            input: rendered.input,
            once: rendered.once,
            expires: rendered.expires,
            context,
            ..whole.clone()
        }
    };
    let items = items.iter().enumerate();
    items.zip(each.keys(&whole.step)).map(element).collect()
}

/// The most elements of a step: each is a message, and what they come to is one result.
const MAX_ELEMENTS: usize = 200;

/// The most elements that change records: more are a bulk operation, which an import is.
const MAX_CHANGES: usize = 100;

/// The elements of a step with `each`.
fn items(list: &Expression, definition: &StepDefinition, scope: &Scope<'_>) -> Input {
    let failed = |code: &str, message: String| Input::Failed {
        code: code.to_owned(),
        message,
    };
    let (most, what) = match definition.action {
        Action::UpdateRecord(_) => (MAX_CHANGES, "changes of records"),
        Action::Call { .. } => (MAX_ELEMENTS, "elements"),
    };
    match list.evaluate(scope) {
        Ok(Some(Json::Array(items))) if items.len() > most => failed(
            "TooManyElements",
            format!(
                "`each` has {} elements, at most {most} {what} are one step: leave some out, or \
                 let each record start a workflow of its own",
                items.len()
            ),
        ),
        Ok(Some(Json::Array(items))) => Input::Each(items),
        Ok(found) => {
            let found = match found {
                None | Some(Json::Null) => "nothing",
                Some(Json::Object(_)) => "an object",
                Some(_) => "a single value",
            };
            failed(
                "NotAList",
                format!("`each` needs a list, and found {found}"),
            )
        }
        Err(error) => failed(error.code(), error.to_string()),
    }
}

fn render(definition: &StepDefinition, execution: &ExecutionRef, scope: &Scope<'_>) -> Rendered {
    let rendered = || -> Result<_, EvaluationError> {
        let input = match &definition.action {
            Action::Call { with } => Json::Object(evaluate_members(with, scope)?),
            Action::UpdateRecord(update) => target(update, execution, scope)?,
        };
        Ok(Rendered {
            input: Input::Rendered(input),
            once: once(definition, scope)?,
            expires: expires(definition, scope)?,
        })
    };
    rendered().unwrap_or_else(|error| Rendered {
        input: Input::Failed {
            code: error.code().to_owned(),
            message: error.to_string(),
        },
        once: None,
        expires: None,
    })
}

fn once(definition: &StepDefinition, scope: &Scope<'_>) -> Result<Option<String>, EvaluationError> {
    let Some(once) = &definition.once else {
        return Ok(None);
    };
    let unset = || EvaluationError::UnsetValue {
        path: "once".to_owned(),
    };
    let key = once.key.evaluate(scope)?.ok_or_else(unset)?;
    Ok(Some(
        key.as_str().map_or_else(|| key.to_string(), str::to_owned),
    ))
}

/// When a step is too late; one whose time is unset never is.
fn expires(
    definition: &StepDefinition,
    scope: &Scope<'_>,
) -> Result<Option<Timestamp>, EvaluationError> {
    let Some(expires) = &definition.expires else {
        return Ok(None);
    };
    let Some(value) = expires.evaluate(scope)? else {
        return Ok(None);
    };
    let time = value.as_str().and_then(|text| text.parse().ok());
    let wrong = || EvaluationError::Type(format!("`expires` is {value}, which is not a time"));
    time.ok_or_else(wrong).map(Some)
}

/// The target of an update: `{ record }`, `{ type, record }` or `{ type, key, create }`.
fn target(
    update: &UpdateRecord,
    execution: &ExecutionRef,
    scope: &Scope<'_>,
) -> Result<Json, EvaluationError> {
    Ok(match &update.target {
        Target::Home => serde_json::json!({
            "type": execution.home.record_type, "record": execution.home.record
        }),
        Target::Reference { record, reference } => {
            let unset = || EvaluationError::UnsetValue {
                path: reference.source().to_owned(),
            };
            let id = reference.evaluate(scope)?.ok_or_else(unset)?;
            serde_json::json!({ "type": record, "record": id })
        }
        Target::Key {
            record,
            key,
            create,
        } => {
            let key = key
                .iter()
                .map(|value| Ok(value.evaluate(scope)?.unwrap_or(Json::Null)));
            let key = key.collect::<Result<Vec<_>, EvaluationError>>()?;
            serde_json::json!({ "type": record, "key": key, "create": create })
        }
    })
}
