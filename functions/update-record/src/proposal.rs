//! What the definition wants of the record, evaluated against the version being replaced.

use std::collections::BTreeMap;

use holdfast_engine::contract::{ScopeData, read_references};
use holdfast_engine::definition::model::{
    Action, Conflict, UpdateRecord, ValueExpression, evaluate_members,
};
use holdfast_engine::expr::{EvaluationError, RefRead};
use holdfast_engine::port::{PortError, Ports};
use holdfast_engine::record::{Proposal, Refusal};
use holdfast_engine::step::{StepContext, StepError};
use serde_json::{Map, Value as Json};

use crate::target::Located;

/// Evaluates guard, status and fields. The inner error is business: the change is refused.
pub(crate) async fn propose<P: Ports>(
    ports: &P,
    ctx: &StepContext<'_>,
    update: &UpdateRecord,
    located: &Located<'_>,
) -> Result<Result<Proposal, Refusal>, StepError> {
    let mut scope = ScopeData::of(&ctx.envelope.context, &located.reference.tenant);
    let target = located.record.snapshot();
    if located.reference == ctx.envelope.execution.home {
        scope.set("record", target.clone());
    }
    scope.set("target", target);
    let refs = references(ports, ctx, update, &scope).await?;
    if let Some(refusal) = recheck(ctx, update, located, &scope, &refs) {
        return Ok(Err(refusal));
    }
    scope.with(&refs, ctx.now, |scope| {
        let holds = update
            .guard
            .as_ref()
            .map(|guard| guard.condition(scope))
            .transpose();
        match holds {
            Ok(Some(false)) | Err(EvaluationError::UnsetValue { .. }) => {
                let guard = update.guard.as_ref().map(|guard| guard.source().to_owned());
                return Ok(Err(Refusal::Guard(guard.unwrap_or_default())));
            }
            Ok(_) => {}
            Err(error) => return Err(failed("guard", &error)),
        }
        let status = update
            .status
            .as_ref()
            .map(|status| status.evaluate(scope))
            .transpose();
        let status = status.map_err(|error| failed("status", &error))?.flatten();
        let set = evaluate_fields(&update.set, scope).map_err(|error| failed("set", &error))?;
        let status = status.and_then(|status| status.as_str().map(str::to_owned));
        Ok(Ok(Proposal {
            status,
            set,
            delete: update.delete,
        }))
    })
}

/// The `if` of the step on the new version, where the record changed since it was read and any
/// field that is written asks for it.
fn recheck(
    ctx: &StepContext<'_>,
    update: &UpdateRecord,
    located: &Located<'_>,
    scope: &ScopeData,
    refs: &BTreeMap<String, Json>,
) -> Option<Refusal> {
    let condition = ctx.definition.condition.as_ref()?;
    let asks = |name: &String| {
        located
            .definition
            .fields
            .get(name)
            .is_none_or(|field| field.conflict == Conflict::Recheck)
    };
    let lasting = update.status.is_none()
        && !update.set.is_empty()
        && !update.set.iter().any(|(name, _)| asks(name));
    if lasting {
        return None;
    }
    let holds = scope
        .with(refs, ctx.now, |scope| condition.condition(scope))
        .unwrap_or(false);
    (!holds).then(|| Refusal::Guard(condition.source().to_owned()))
}

async fn references<P: Ports>(
    ports: &P,
    ctx: &StepContext<'_>,
    update: &UpdateRecord,
    scope: &ScopeData,
) -> Result<BTreeMap<String, Json>, PortError> {
    let mut reads: Vec<RefRead> = Vec::new();
    let values = update
        .status
        .iter()
        .chain(update.set.iter().map(|(_, value)| value));
    values.for_each(|value| value.visit_reads(&mut |read| reads.push(read.clone())));
    if let Some(condition) = &ctx.definition.condition {
        reads.extend(condition.reads().iter().cloned());
    }
    let mut refs = BTreeMap::new();
    let home = &ctx.envelope.execution.home;
    read_references(ports.journal(), home, scope, &reads, &mut refs).await?;
    Ok(refs)
}

/// The new values; an unset one clears its field.
fn evaluate_fields(
    fields: &[(String, ValueExpression)],
    scope: &holdfast_engine::expr::Scope<'_>,
) -> Result<Map<String, Json>, EvaluationError> {
    fields
        .iter()
        .map(|(name, value)| Ok((name.clone(), value.evaluate(scope)?.unwrap_or(Json::Null))))
        .collect()
}

/// The values of a new record: its key, and what the step sets that needs no record to evaluate.
pub(crate) fn with_initial_values(
    ctx: &StepContext<'_>,
    key: &Map<String, Json>,
) -> Map<String, Json> {
    let mut values = key.clone();
    let Action::UpdateRecord(update) = &ctx.definition.action else {
        return values;
    };
    let scope = ScopeData::of(&ctx.envelope.context, &ctx.envelope.execution.home.tenant);
    let refs = BTreeMap::new();
    for member in &update.set {
        let one = std::slice::from_ref(member);
        if let Ok(evaluated) = scope.with(&refs, ctx.now, |scope| evaluate_members(one, scope)) {
            values.extend(evaluated);
        }
    }
    values
}

fn failed(key: &str, error: &EvaluationError) -> StepError {
    StepError::permanent(error.code(), format!("{key}: {error}"))
}
