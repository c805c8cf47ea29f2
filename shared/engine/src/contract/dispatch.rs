//! Dispatch: deciding what follows a step. Deciding reads the world, and everything that it read is
//! written down in the entry before anything is sent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::ScopeData;
use crate::definition::model::{Action, StepDefinition, Workflow};
use crate::entry::{Dispatch, End, Skipped};
use crate::envelope::{Context, Envelope};
use crate::expr::{EvaluationError, RefRead, Scope};
use crate::id::{ExecutionRef, RecordRef, StepKey};
use crate::name::{RecordId, StepId};
use crate::port::{Journal, PortError};
use crate::record::find_record;

/// Where in a workflow the next steps are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position<'a> {
    /// At its first step.
    Start,
    /// At this step.
    At(&'a StepId),
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
    planner.refresh_record(workflow, position).await?;
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

impl Workflow {
    /// Whether elements of an earlier step have changed records since `record` was read.
    fn changed_many(&self, position: Position<'_>) -> bool {
        let changes = |step: &StepDefinition| {
            step.each.is_some() && matches!(step.action, Action::UpdateRecord(_))
        };
        let mut steps = self.steps.iter();
        match position {
            Position::Start => false,
            Position::At(id) => steps.take_while(|step| step.id != *id).any(changes),
            Position::After(id) => steps.any(|step| step.id == *id && changes(step)),
        }
    }
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
    planner.dispatch.expires = envelope.expires;
    Ok(planner.dispatch)
}

fn remaining<'w>(workflow: &'w Workflow, position: Position<'_>) -> &'w [StepDefinition] {
    let index = |id: &StepId| workflow.steps.iter().position(|step| step.id == *id);
    let from = match position {
        Position::Start => 0,
        Position::At(id) => index(id).unwrap_or(usize::MAX),
        Position::After(id) => index(id).map_or(usize::MAX, |index| index + 1),
    };
    workflow.steps.get(from..).unwrap_or_default()
}

/// Decides a dispatch, and writes down what it reads.
pub(super) struct Planner<'a, J> {
    journal: &'a J,
    execution: &'a ExecutionRef,
    scope: ScopeData,
    pub(super) dispatch: Dispatch,
}

impl<'a, J: Journal> Planner<'a, J> {
    pub(super) fn new(
        journal: &'a J,
        execution: &'a ExecutionRef,
        context: &Context,
        now: Timestamp,
    ) -> Self {
        let (refs, record) = (BTreeMap::new(), None);
        let dispatch = Dispatch {
            now,
            refs,
            record,
            steps: Vec::new(),
            expires: None,
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

    /// `while` speaks of the record as it is now. So does whatever follows elements that change
    /// records: one of them may have been this one.
    async fn refresh_record(
        &mut self,
        workflow: &Workflow,
        position: Position<'_>,
    ) -> Result<(), PortError> {
        if workflow.while_.is_none() && !workflow.changed_many(position) {
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

    pub(super) async fn skipped(
        &mut self,
        step: &StepDefinition,
    ) -> Result<Option<String>, PortError> {
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

    pub(super) async fn read_input(&mut self, step: &StepDefinition) -> Result<(), PortError> {
        let mut reads = Vec::new();
        step.visit_reads(&mut |read| reads.push(read.clone()));
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
