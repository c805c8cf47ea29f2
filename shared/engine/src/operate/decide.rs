//! Decisions: written in one transaction with what they change; then what follows is sent; then
//! the operation is settled. One that was begun and not ended is ended by the same decision.

use super::find::{changed, journaled};
use super::journaled::Deed;
use super::operator::{MAX_LOOKS, person, reason};
use super::seen::{free_for, unsettled};
use super::{Decide, Door, Listed, OperateError, Operator, Outcome, Ruling};
use crate::contract::Ruled;
use crate::name::RecordId;
use crate::operation::{Choice, Decision, Mark, Operation, ReviewKind, Status, Stored};
use crate::port::{Change, Clock, CommitError, Ports, Queue, Write};

/// What a decision comes to, before anything of it is written.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) ruled: Ruled,
    pub(super) note: Option<String>,
    pub(super) record: Option<RecordId>,
}

/// Decides for a person at a time; `begun`: it was written already.
#[derive(Debug)]
pub(super) struct Deciding<'a> {
    pub(super) found: &'a Stored,
    pub(super) request: &'a Decide,
    pub(super) mark: Mark,
    pub(super) begun: bool,
}

impl<P: Ports, D: Door> Operator<P, D> {
    pub(super) async fn decide(&self, request: &Decide) -> Result<Outcome, OperateError> {
        let by = person(&request.by)?;
        let why = match request.ruling.choice() {
            Choice::Reject | Choice::Done | Choice::Resolve => {
                Some(reason(request.reason.as_deref().unwrap_or_default())?)
            }
            _ => request.reason.clone(),
        };
        for _ in 0..MAX_LOOKS {
            let found = self.find(&request.item).await?;
            if let (Operation::Error(_), Ruling::Retry) = (&found.operation, &request.ruling) {
                return self.retry_failed(&found, request, why.as_deref()).await;
            }
            let begun = begun(&found, request)?;
            let mark = Mark {
                by: by.clone(),
                at: self.ports.clock().now(),
                reason: why.clone(),
            };
            let deciding = Deciding {
                found: &found,
                request,
                mark: begun.clone().unwrap_or(mark),
                begun: begun.is_some(),
            };
            match self.decide_on(&deciding).await {
                Ok(Some(outcome)) => return Ok(outcome),
                Err(error) if self.is_as_found(&found).await? => return Err(error),
                Ok(None) | Err(_) => {}
            }
        }
        Err(OperateError::Contended)
    }

    /// Whether an operation is still as it was found: else what was decided on it is decided
    /// again, and says who was first.
    async fn is_as_found(&self, found: &Stored) -> Result<bool, OperateError> {
        let item = self.item(&found.operation.key()).await?;
        Ok(item.is_some_and(|item| item.revision == found.item.revision))
    }

    /// Decides on what was found; `None`: it had changed.
    async fn decide_on(&self, deciding: &Deciding<'_>) -> Result<Option<Outcome>, OperateError> {
        let operation = &deciding.found.operation;
        let plan = match (operation.kind(), &deciding.request.ruling) {
            _ if only_closes(operation, &deciding.request.ruling) => Plan::default(),
            (
                ReviewKind::FailedStep | ReviewKind::UnknownOutcome,
                Ruling::Retry | Ruling::Done { .. } | Ruling::Reject,
            ) => self.step_plan(deciding).await?,
            (
                ReviewKind::InvalidInput | ReviewKind::AmbiguousRecord,
                Ruling::Approve { .. } | Ruling::Edit { .. },
            ) => match self.input_plan(deciding).await? {
                Ok(plan) => plan,
                Err(wrong) => return self.still_invalid(deciding, wrong).await,
            },
            (kind, ruling) => {
                let choice = ruling.choice();
                return Err(OperateError::ChoiceNotPossible { choice, kind });
            }
        };
        self.carry_out(deciding, plan).await
    }

    /// Writes, sends, settles.
    async fn carry_out(
        &self,
        deciding: &Deciding<'_>,
        plan: Plan,
    ) -> Result<Option<Outcome>, OperateError> {
        let ends = plan.ruled.messages.is_empty();
        let operation = decided(deciding, ends);
        if deciding.begun {
            self.ports.queue().send(plan.ruled.messages).await?;
        } else {
            let mut writes = vec![
                changed(&deciding.found.item, &operation)?,
                line(deciding, plan.record)?,
            ];
            writes.extend(plan.ruled.writes);
            let sent = self.ports.commit_and_send(writes, plan.ruled.messages);
            match sent.await {
                Ok(()) => {}
                Err(CommitError::Conflict(_)) => return Ok(None),
                Err(CommitError::Port(error)) => return Err(error.into()),
            }
        }
        if !ends || deciding.begun {
            self.settle(&operation, &deciding.mark).await?;
        }
        Ok(Some(Outcome::Decided {
            item: Listed {
                status: Status::Closed,
                ..Listed::from(&operation)
            },
            choice: deciding.request.ruling.choice(),
            steps: plan.ruled.steps,
            note: plan.note,
        }))
    }

    /// Settles what was decided and sent, unless it happened again since.
    async fn settle(&self, operation: &Operation, mark: &Mark) -> Result<(), OperateError> {
        let key = operation.key();
        for _ in 0..MAX_LOOKS {
            let Some(item) = self.item(&key).await? else {
                return Ok(());
            };
            let mut found = super::find::decoded(&key, item)?;
            let handling = found.operation.handling_mut();
            let ours = handling
                .decision
                .as_ref()
                .is_some_and(|it| it.mark == *mark);
            if !ours || !handling.needs_someone() {
                return Ok(());
            }
            *handling = handling.clone().closed(self.ports.clock().now());
            let write = changed(&found.item, &found.operation)?;
            if self.commit(vec![write]).await? {
                return Ok(());
            }
        }
        Err(OperateError::Contended)
    }
}

/// Whether a decision changes nothing but the operation: input is not routed, a duplicate is not
/// merged, a step that failed has failed already.
fn only_closes(operation: &Operation, ruling: &Ruling) -> bool {
    match (operation.kind(), ruling) {
        (
            ReviewKind::InvalidInput | ReviewKind::AmbiguousRecord | ReviewKind::ProbableDuplicate,
            Ruling::Reject,
        )
        | (
            ReviewKind::InvalidInput
            | ReviewKind::AmbiguousRecord
            | ReviewKind::ProbableDuplicate
            | ReviewKind::FailedStep,
            Ruling::Resolve,
        ) => true,
        (ReviewKind::FailedStep, Ruling::Reject) => matches!(operation, Operation::Error(_)),
        _ => false,
    }
}

/// The journal's line about the decision.
fn line(deciding: &Deciding<'_>, record: Option<RecordId>) -> Result<Write, OperateError> {
    let deed = Deed::from(deciding.request.ruling.choice());
    let mut line = journaled(deciding.found, deed, &deciding.mark)?;
    if let (Some(record), Change::Put(body)) = (record, &mut line.change) {
        let mut entry: super::DecisionEntry =
            serde_json::from_str(body).map_err(super::find::encoding)?;
        entry.record = Some(record);
        *body = serde_json::to_string(&entry).map_err(super::find::encoding)?;
    }
    Ok(line)
}

/// The operation with the decision on it; settled where nothing is sent.
fn decided(deciding: &Deciding<'_>, ends: bool) -> Operation {
    let mut operation = deciding.found.operation.clone();
    let (handling, mark) = (operation.handling_mut(), &deciding.mark);
    handling.decision = Some(Decision {
        choice: deciding.request.ruling.choice(),
        mark: mark.clone(),
    });
    handling.status = Status::Claimed;
    handling.claimed.get_or_insert(Mark {
        reason: None,
        ..mark.clone()
    });
    if ends {
        *handling = handling.clone().closed(mark.at);
    }
    operation
}

/// Whether this very decision was begun and not ended: by whom and when. One that another may
/// not take, or that is settled, is refused.
fn begun(found: &Stored, request: &Decide) -> Result<Option<Mark>, OperateError> {
    let handling = found.operation.handling();
    if handling.needs_someone()
        && let Some(decision) = &handling.decision
        && decision.choice == request.ruling.choice()
    {
        return Ok(Some(decision.mark.clone()));
    }
    unsettled(handling)?;
    if !request.take_over {
        free_for(handling, &request.by)?;
    }
    Ok(None)
}
