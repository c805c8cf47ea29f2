//! Rendering: the messages of a dispatch, from nothing but the context and what was written
//! down, so that a replay sends the same bytes.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::ScopeData;
use crate::definition::model::{
    Action, Pack, StepDefinition, Target, UpdateRecord, evaluate_members,
};
use crate::entry::Dispatch;
use crate::envelope::{Context, Envelope, Input};
use crate::expr::{EvaluationError, Scope};
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
        let Rendered {
            input,
            once,
            expires,
        } = scope.with(&dispatch.refs, dispatch.now, |scope| {
            render(definition, execution, scope)
        });
        let envelope = Envelope {
            execution: execution.clone(),
            manifest: pack.manifest.clone(),
            generation,
            step: key.clone(),
            input,
            once,
            expires: dispatch.expires.or(expires),
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
    let address = |(envelope, function): (Envelope, String)| {
        let body = serde_json::to_string(&envelope)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok(Outgoing {
            queue: QueueName::of(&function),
            body,
            delay: Duration::ZERO,
            tenant: execution.home.tenant.clone(),
            created,
        })
    };
    envelopes(pack, execution, generation, context, dispatch)
        .into_iter()
        .map(address)
        .collect()
}

/// What a step is sent with.
struct Rendered {
    input: Input,
    once: Option<String>,
    expires: Option<Timestamp>,
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
