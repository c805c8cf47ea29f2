//! Changes a record under its state machine and audits the change.

mod input;
mod proposal;
mod target;

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::definition::model::Action;
use holdfast_engine::port::Ports;
use holdfast_engine::record::{self, Author, LastChange, Record, Refusal};
use holdfast_engine::step::{Audit, Effect, Keeps, Step, StepContext, StepError, StepSpec};

pub use input::{Input, Output};
use proposal::propose;
use target::{Located, locate};

/// The step `update-record`: one transaction writes the record and its step entry, which is also
/// the audit of the change.
#[derive(Debug)]
pub struct UpdateRecord<P> {
    ports: Arc<P>,
}

impl<P> UpdateRecord<P> {
    /// The step on these ports.
    #[must_use]
    pub fn new(ports: Arc<P>) -> Self {
        Self { ports }
    }
}

impl<P: Ports> Step for UpdateRecord<P> {
    const SPEC: StepSpec = StepSpec {
        name: "update-record",
        description: "Changes a record under its state machine and audits the change.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(10),
        concurrency: 20,
        connections: &[],
        keeps: Keeps::All,
    };
    type Input = Input;
    type Output = Output;

    async fn perform(&self, ctx: &StepContext<'_>, input: Input) -> Result<Output, StepError> {
        let Action::UpdateRecord(update) = &ctx.definition.action else {
            return Err(StepError::permanent(
                "InvalidInput",
                "the definition is no update",
            ));
        };
        let located = locate(self.ports.as_ref(), ctx, &input).await?;
        let proposed = propose(self.ports.as_ref(), ctx, update, &located).await;
        let proposal = match proposed? {
            Ok(proposal) => proposal,
            Err(refusal) => return refused(&located.record, &refusal),
        };
        match record::change(
            located.definition,
            &located.record,
            &proposal,
            by(ctx),
            ctx.now,
        ) {
            Err(refusal) => refused(&located.record, &refusal),
            Ok(None) => Ok(located.unchanged(ctx)),
            Ok(Some(changed)) => located.staged(self.ports.as_ref(), ctx, changed).await,
        }
    }
}

/// Who makes the change, and what led to it.
fn by(ctx: &StepContext<'_>) -> LastChange {
    let (execution, context) = (&ctx.envelope.execution, &ctx.envelope.context);
    LastChange {
        by: Author::Workflow(execution.workflow.clone()),
        event: context.event.id.clone(),
        step: Some((execution.clone(), ctx.envelope.step.clone())),
        version: Some(ctx.envelope.manifest.to_string()),
        lineage: context
            .lineage
            .followed_by(&execution.workflow, &execution.home),
        bulk: false,
    }
}

/// A refusal is business, and a result; a wrong value is a mistake.
fn refused(record: &Record, refusal: &Refusal) -> Result<Output, StepError> {
    match refusal {
        Refusal::Fields(violations) => Err(StepError::permanent(
            "InvalidValue",
            holdfast_engine::field::describe(violations),
        )),
        business => Ok(Output {
            record: record.snapshot(),
            refused: true,
            reason: Some(business.to_string()),
        }),
    }
}

impl Located<'_> {
    fn unchanged(&self, ctx: &StepContext<'_>) -> Output {
        ctx.staged.add(self.creation(), self.audit(ctx, Vec::new()));
        Output {
            record: self.record.snapshot(),
            refused: false,
            reason: None,
        }
    }

    fn audit(&self, ctx: &StepContext<'_>, changes: Vec<record::FieldChange>) -> Audit {
        let target =
            (self.reference != ctx.envelope.execution.home).then(|| self.reference.clone());
        Audit {
            target,
            changes,
            pages: None,
        }
    }
}
