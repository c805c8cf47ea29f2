//! Which workflows an event starts, and why not the others.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::entry::{Decision, Outcome};
use crate::contract::{Position, ScopeData, advance, read_references};
use crate::definition::model::{ManifestId, Workflow};
use crate::envelope::Context;
use crate::expr::Expression;
use crate::id::{ExecutionId, ExecutionRef, RecordRef};
use crate::port::{Journal, PortError};

/// Decides whether a workflow starts for a record.
pub(super) struct Decider<'a, J> {
    pub(super) journal: &'a J,
    pub(super) workflow: &'a Workflow,
    pub(super) manifest: &'a ManifestId,
    pub(super) home: &'a RecordRef,
    pub(super) now: Timestamp,
}

impl<J: Journal> Decider<'_, J> {
    /// Evaluates `let` and `when`, cheapest first, and decides the first dispatch.
    pub(super) async fn decide(&self, mut context: Context) -> Result<Decision, PortError> {
        if let Err(looped) = context.lineage.admits(&self.workflow.name, self.home) {
            return Ok(self.decision(Outcome::Stopped {
                reason: looped.to_string(),
            }));
        }
        let mut refs = BTreeMap::new();
        for (name, expression) in &self.workflow.lets {
            match self.evaluate(&context, expression, &mut refs).await? {
                Ok(value) => context
                    .lets
                    .extend(value.map(|value| (name.clone(), value))),
                Err(reason) => return Ok(self.skipped(format!("let {name}: {reason}"))),
            }
        }
        if let Some(reason) = self.unmet(&context, &mut refs).await? {
            return Ok(self.skipped(reason));
        }
        let execution = ExecutionId::of(&self.home.tenant, &self.workflow.name, &context.event.id);
        let reference = ExecutionRef {
            home: self.home.clone(),
            workflow: self.workflow.name.clone(),
            execution: execution.clone(),
        };
        let dispatch = advance(
            self.journal,
            self.workflow,
            &reference,
            &context,
            Position::Start,
            self.now,
        )
        .await?;
        let lets: Map<String, Json> = context.lets;
        Ok(self.decision(Outcome::Started {
            execution,
            lets,
            dispatch: Box::new(dispatch),
        }))
    }

    /// The reason why a condition does not hold. Those that read other records come last.
    async fn unmet(
        &self,
        context: &Context,
        refs: &mut BTreeMap<String, Json>,
    ) -> Result<Option<String>, PortError> {
        let (cheap, costly): (Vec<_>, Vec<_>) = self
            .workflow
            .when
            .iter()
            .partition(|condition| condition.reads().is_empty());
        for condition in cheap.into_iter().chain(costly) {
            let reason = match self.evaluate(context, condition, refs).await? {
                Ok(Some(Json::Bool(true))) => continue,
                Ok(_) => format!("when: {} is false", condition.source()),
                Err(reason) => format!("when: {} has no value: {reason}", condition.source()),
            };
            return Ok(Some(reason));
        }
        Ok(None)
    }

    async fn evaluate(
        &self,
        context: &Context,
        expression: &Expression,
        refs: &mut BTreeMap<String, Json>,
    ) -> Result<Result<Option<Json>, String>, PortError> {
        let scope = ScopeData::of(context, &self.home.tenant);
        read_references(self.journal, self.home, &scope, expression.reads(), refs).await?;
        let value = scope.with(refs, self.now, |scope| expression.evaluate(scope));
        Ok(value.map_err(|error| error.to_string()))
    }

    fn skipped(&self, reason: String) -> Decision {
        self.decision(Outcome::Skipped { reason })
    }

    fn decision(&self, outcome: Outcome) -> Decision {
        Decision {
            workflow: self.workflow.name.clone(),
            manifest: self.manifest.clone(),
            home: self.home.clone(),
            outcome,
        }
    }
}
