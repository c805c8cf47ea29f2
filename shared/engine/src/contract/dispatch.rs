//! Dispatch: deciding what follows a step, and rendering its messages.
//!
//! Deciding reads the world and is written down in the entry before it; rendering uses nothing
//! but the context and what was written, so a replay sends the same bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::ScopeData;
use crate::definition::model::{
    Action, Pack, StepDefinition, Target, UpdateRecord, Workflow, evaluate_members,
};
use crate::entry::{Dispatch, End, Skipped};
use crate::envelope::{Context, Envelope, Input};
use crate::expr::{EvaluationError, RefRead, Scope};
use crate::id::{ExecutionRef, RecordRef, StepKey};
use crate::name::{RecordId, StepId};
use crate::port::{Journal, Outgoing, PortError, QueueName};
use crate::record::find_record;

/// Where in a workflow the next steps are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position<'a> {
    /// At its first step.
    Start,
    /// After this step.
    After(&'a StepId),
}

/// Decides what follows: the steps to send, async ones up to and including the first that the
/// execution waits for; those left out; or the end.
///
/// # Errors
/// [`PortError`] when a referenced record cannot be read.
pub async fn advance<J: Journal>(
    journal: &J,
    workflow: &Workflow,
    execution: &ExecutionRef,
    context: &Context,
    position: Position<'_>,
    now: Timestamp,
) -> Result<Dispatch, PortError> {
    let mut planner = Planner::new(journal, execution, context, now);
    planner.refresh_record(workflow).await?;
    for step in remaining(workflow, position) {
        if let Some(reason) = planner.skipped(step).await? {
            planner.dispatch.skipped.push(Skipped {
                step: step.id.clone(),
                reason,
            });
            continue;
        }
        if let Some(reason) = planner.stopped(workflow).await? {
            planner.dispatch.end = Some(End::Stopped(reason));
            return Ok(planner.dispatch);
        }
        planner.read_input(step).await?;
        planner.dispatch.steps.push(StepKey::primary(&step.id));
        if !step.asynchronous {
            return Ok(planner.dispatch);
        }
    }
    planner.dispatch.end = Some(End::Completed);
    Ok(planner.dispatch)
}

/// Decides the dispatch of the next alternative of a step.
///
/// # Errors
/// [`PortError`] when a referenced record cannot be read.
pub async fn fall_back<J: Journal>(
    journal: &J,
    definition: &StepDefinition,
    envelope: &Envelope,
    now: Timestamp,
) -> Result<Dispatch, PortError> {
    let mut planner = Planner::new(journal, &envelope.execution, &envelope.context, now);
    planner.read_input(definition).await?;
    planner.dispatch.steps.push(envelope.step.fallback());
    Ok(planner.dispatch)
}

fn remaining<'w>(workflow: &'w Workflow, position: Position<'_>) -> &'w [StepDefinition] {
    let from = match position {
        Position::Start => 0,
        Position::After(id) => workflow
            .steps
            .iter()
            .position(|step| step.id == *id)
            .map_or(usize::MAX, |index| index + 1),
    };
    workflow.steps.get(from..).unwrap_or_default()
}

/// Decides a dispatch, and writes down what it reads.
struct Planner<'a, J> {
    journal: &'a J,
    execution: &'a ExecutionRef,
    scope: ScopeData,
    dispatch: Dispatch,
}

impl<'a, J: Journal> Planner<'a, J> {
    fn new(journal: &'a J, execution: &'a ExecutionRef, context: &Context, now: Timestamp) -> Self {
        let (refs, record) = (BTreeMap::new(), None);
        let dispatch = Dispatch {
            now,
            refs,
            record,
            steps: Vec::new(),
            skipped: Vec::new(),
            end: None,
        };
        Self {
            journal,
            execution,
            scope: ScopeData::of(context, &execution.home.tenant),
            dispatch,
        }
    }

    /// `while` speaks of the record as it is now.
    async fn refresh_record(&mut self, workflow: &Workflow) -> Result<(), PortError> {
        if workflow.while_.is_none() {
            return Ok(());
        }
        if let Some((record, _)) = find_record(self.journal, &self.execution.home).await? {
            self.scope.set("record", record.snapshot());
            self.dispatch.record = Some(record.snapshot());
        }
        Ok(())
    }

    async fn stopped(&mut self, workflow: &Workflow) -> Result<Option<String>, PortError> {
        let Some(condition) = &workflow.while_ else {
            return Ok(None);
        };
        self.read(condition.reads()).await?;
        Ok(self.holds("while", condition.source(), |scope| {
            condition.condition(scope)
        }))
    }

    async fn skipped(&mut self, step: &StepDefinition) -> Result<Option<String>, PortError> {
        let Some(condition) = &step.condition else {
            return Ok(None);
        };
        self.read(condition.reads()).await?;
        Ok(self.holds("if", condition.source(), |scope| condition.condition(scope)))
    }

    /// `None` when the condition holds, else the reason why not.
    fn holds(
        &self,
        key: &str,
        source: &str,
        evaluate: impl FnOnce(&Scope<'_>) -> Result<bool, EvaluationError>,
    ) -> Option<String> {
        match self
            .scope
            .with(&self.dispatch.refs, self.dispatch.now, evaluate)
        {
            Ok(true) => None,
            Ok(false) => Some(format!("{key}: {source} is false")),
            Err(reason) => Some(format!("{key}: {source} has no value: {reason}")),
        }
    }

    async fn read_input(&mut self, step: &StepDefinition) -> Result<(), PortError> {
        let mut reads = Vec::new();
        step.visit_input_reads(&mut |read| reads.push(read.clone()));
        self.read(&reads).await
    }

    async fn read(&mut self, reads: &[RefRead]) -> Result<(), PortError> {
        read_references(
            self.journal,
            &self.execution.home,
            &self.scope,
            reads,
            &mut self.dispatch.refs,
        )
        .await
    }
}

/// Reads what expressions read through references, at most once for each member.
///
/// # Errors
/// [`PortError`] when a record cannot be read.
pub async fn read_references<J: Journal>(
    journal: &J,
    home: &RecordRef,
    scope: &ScopeData,
    reads: &[RefRead],
    refs: &mut BTreeMap<String, Json>,
) -> Result<(), PortError> {
    for read in reads {
        let known = refs.get(&read.path).and_then(Json::as_object);
        if known.is_some_and(|known| read.members.iter().all(|member| known.contains_key(member))) {
            continue;
        }
        let id = scope
            .at(&read.path, refs)
            .and_then(Json::as_str)
            .and_then(|id| RecordId::new(id).ok());
        let Some(record) = id else { continue };
        let target = RecordRef {
            tenant: home.tenant.clone(),
            record_type: read.record.clone(),
            record,
        };
        let found = find_record(journal, &target)
            .await?
            .filter(|(record, _)| !record.deleted);
        let Some((record, _)) = found else { continue };
        let members = refs
            .entry(read.path.clone())
            .or_insert_with(|| Json::Object(Map::new()));
        if let (Json::Object(members), Json::Object(snapshot)) = (members, record.snapshot()) {
            let used = |(name, _): &(String, Json)| read.members.contains(name);
            members.extend(snapshot.into_iter().filter(used));
            for member in &read.members {
                members.entry(member.clone()).or_insert(Json::Null);
            }
        }
    }
    Ok(())
}

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
        let (input, once) = scope.with(&dispatch.refs, dispatch.now, |scope| {
            render(definition, execution, scope)
        });
        let envelope = Envelope {
            execution: execution.clone(),
            manifest: pack.manifest.clone(),
            generation,
            step: key.clone(),
            input,
            once,
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

fn render(
    definition: &StepDefinition,
    execution: &ExecutionRef,
    scope: &Scope<'_>,
) -> (Input, Option<String>) {
    let rendered = || -> Result<_, EvaluationError> {
        let input = match &definition.action {
            Action::Call { with } => Json::Object(evaluate_members(with, scope)?),
            Action::UpdateRecord(update) => target(update, execution, scope)?,
        };
        let once = definition
            .once
            .as_ref()
            .map(|once| once.key.evaluate(scope))
            .transpose()?
            .flatten();
        if definition.once.is_some() && once.is_none() {
            return Err(EvaluationError::UnsetValue {
                path: "once".to_owned(),
            });
        }
        Ok((
            input,
            once.map(|key| key.as_str().map_or_else(|| key.to_string(), str::to_owned)),
        ))
    };
    match rendered() {
        Ok((input, once)) => (Input::Rendered(input), once),
        Err(error) => (
            Input::Failed {
                code: error.code().to_owned(),
                message: error.to_string(),
            },
            None,
        ),
    }
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

impl Workflow {
    /// The definition of a step's alternative.
    #[must_use]
    pub fn step(&self, key: &StepKey) -> Option<&StepDefinition> {
        let primary = self.steps.iter().find(|step| step.id == key.step)?;
        primary.alternative(key.n)
    }
}

impl StepDefinition {
    /// The alternative with this number: 1 is the step itself, then its fallbacks.
    #[must_use]
    pub fn alternative(&self, n: u32) -> Option<&StepDefinition> {
        match n {
            0 => None,
            1 => Some(self),
            n => self.fallback.get(usize::try_from(n).ok()?.checked_sub(2)?),
        }
    }

    /// Calls `visit` with each strong read that rendering the step's input makes.
    pub fn visit_input_reads(&self, visit: &mut impl FnMut(&RefRead)) {
        if let Some(once) = &self.once {
            once.key.reads().iter().for_each(&mut *visit);
        }
        match &self.action {
            Action::Call { with } => with.iter().for_each(|(_, value)| value.visit_reads(visit)),
            Action::UpdateRecord(update) => match &update.target {
                Target::Home => {}
                Target::Reference { reference, .. } => reference.reads().iter().for_each(visit),
                Target::Key { key, .. } => key.iter().for_each(|value| value.visit_reads(visit)),
            },
        }
    }
}

impl Context {
    /// What the execution knows after a step: its result, and its own change of the home record.
    #[must_use]
    pub fn after(&self, definition: &StepDefinition, output: &Json, changed_home: bool) -> Self {
        let mut context = self.clone();
        context
            .steps
            .insert(definition.id.to_string(), output.clone());
        if changed_home && let Some(record) = output.get("record") {
            context.record = Some(record.clone());
        }
        context
    }
}
