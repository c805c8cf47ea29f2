//! Redrive: what failed is sent again, from where it failed, one operation at a time.

use std::time::Duration;

use super::find::{changed, journaled};
use super::journaled::Deed;
use super::operator::{MAX_LOOKS, person, reason};
use super::seen::free_for;
use super::{
    Decide, Door, Filter, ItemRef, Listed, NotRedriven, OperateError, Operator, Outcome, Resent,
};
use crate::entry::{State, StepEntry};
use crate::envelope::Envelope;
use crate::key;
use crate::name::TenantName;
use crate::operation::{Choice, ErrorRecord, Mark, Operation, Stored};
use crate::port::{
    Clock, DeadLetters, Item, Journal, OperationList, Outgoing, PortError, Ports, Queue, QueueName,
    Redrive, Which,
};

/// Failures that another delivery of their message does not mend: what it led to is written.
const FINAL: [&str; 1] = ["LoopStopped"];

impl<P: Ports, D: Door> Operator<P, D> {
    pub(super) async fn redrive(
        &self,
        item: &ItemRef,
        (by, why): (&str, &str),
        (dry_run, again): (bool, bool),
    ) -> Result<Outcome, OperateError> {
        let (by, why) = (person(by)?, reason(why)?);
        let found = self.find(item).await?;
        let listed = Listed::from(&found.operation);
        let Operation::Error(record) = &found.operation else {
            return Err(OperateError::ChoiceNotPossible {
                choice: Choice::Retry,
                kind: found.operation.kind(),
            });
        };
        if let Some(reason) = settled(record).filter(|reason| !again || !reason.is_redriven()) {
            let item = listed;
            return Ok(Outcome::NotRedriven { item, reason });
        }
        self.redrivable(record).await?;
        if dry_run {
            return Ok(Outcome::WouldRedrive { item: listed });
        }
        let (from, item) = self.send_again(found, Deed::Redrive, by, Some(why)).await?;
        Ok(Outcome::Redriven { item, from })
    }

    /// A decision to retry a failed step: its redrive, by the one who may decide.
    pub(super) async fn retry_failed(
        &self,
        found: &Stored,
        request: &Decide,
        why: Option<&str>,
    ) -> Result<Outcome, OperateError> {
        let (choice, handling) = (Choice::Retry, found.operation.handling());
        let Operation::Error(record) = &found.operation else {
            let kind = found.operation.kind();
            return Err(OperateError::ChoiceNotPossible { choice, kind });
        };
        match settled(record) {
            Some(NotRedriven::AlreadyRedriven { by, at }) if !request.take_over => {
                return Err(OperateError::AlreadyDecided { by, at, choice });
            }
            _ => super::seen::unsettled(handling)?,
        }
        if !request.take_over {
            free_for(handling, &request.by)?;
        }
        self.redrivable(record).await?;
        let (by, why) = (person(&request.by)?, why.map(str::to_owned));
        let steps = record.step.clone().into_iter().collect();
        let (_, item) = self.send_again(found.clone(), Deed::Retry, by, why).await?;
        let note = None;
        Ok(Outcome::Decided {
            item,
            choice,
            steps,
            note,
        })
    }

    /// Whether another delivery can mend it.
    async fn redrivable(&self, record: &ErrorRecord) -> Result<(), OperateError> {
        if !can_be_sent(record) {
            return Err(OperateError::NotRedrivable(record.message.clone()));
        }
        let Some(envelope) = whole(&record.envelope)
            .and_then(|body| serde_json::from_str::<Envelope>(body).ok())
            .filter(|_| record.execution.is_some())
        else {
            return Ok(());
        };
        let keys = [
            key::generation(&envelope.execution),
            key::step(&envelope.execution, envelope.generation, &envelope.step),
        ];
        let mut found = self.ports.journal().read(&keys).await?.into_iter();
        let current = found.next().flatten();
        let current = current.and_then(|item| item.body.parse::<u32>().ok());
        let why = if current.is_some_and(|current| envelope.generation < current) {
            "its execution was run anew since"
        } else if found.next().flatten().is_some_and(|item| gave_up(&item)) {
            "what succeeded before it is undone; run the execution anew"
        } else {
            return Ok(());
        };
        Err(OperateError::NotRedrivable(why.to_owned()))
    }

    /// Sends, and only then writes that it was sent: killed between the two, the next redrive
    /// sends a copy more, which the step contract drops.
    async fn send_again(
        &self,
        found: Stored,
        deed: Deed,
        by: String,
        why: Option<String>,
    ) -> Result<(Resent, Listed), OperateError> {
        let mark = Mark {
            by,
            at: self.ports.clock().now(),
            reason: why,
        };
        let mut found = found;
        let from = match &found.operation {
            Operation::Error(record) => self.resend(record).await?,
            Operation::Review(_) => return Err(OperateError::MessageGone),
        };
        for _ in 0..MAX_LOOKS {
            let mut operation = found.operation.clone();
            let handling = operation.handling_mut();
            handling.redriven = Some(mark.clone());
            if operation.execution().is_none() {
                let handling = operation.handling_mut();
                *handling = handling.clone().closed(mark.at);
            }
            let writes = vec![
                changed(&found.item, &operation)?,
                journaled(&found, deed, &mark)?,
            ];
            if self.commit(writes).await? {
                return Ok((from, Listed::from(&operation)));
            }
            let key = operation.key();
            let Some(item) = self.item(&key).await? else {
                return Ok((from, Listed::from(&operation)));
            };
            found = super::find::decoded(&key, item)?;
        }
        Err(OperateError::Contended)
    }

    /// Sends the dead letter itself, else the envelope under its old stamp: so that the step
    /// knows a redrive from a stale copy.
    async fn resend(&self, record: &ErrorRecord) -> Result<Resent, OperateError> {
        let queue = QueueName::of(&record.function);
        if let Some(id) = &record.message_id {
            let letters = self.ports.dead_letters();
            if letters.redrive(&queue, Redrive::One(id.clone())).await? > 0 {
                return Ok(Resent::DeadLetter);
            }
        }
        let body = whole(&record.envelope).ok_or(OperateError::MessageGone)?;
        let tenant = match &record.tenant {
            Some(tenant) => tenant.clone(),
            None => {
                TenantName::new("-").map_err(|error| PortError::Unavailable(error.to_string()))?
            }
        };
        let message = Outgoing {
            queue,
            body: body.to_owned(),
            delay: Duration::ZERO,
            tenant,
            created: record.created.unwrap_or(record.first_at),
        };
        self.ports.queue().send(vec![message]).await?;
        Ok(Resent::Envelope)
    }

    pub(super) async fn select(
        &self,
        filter: &Filter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Outcome, OperateError> {
        let list = self.ports.operations();
        let page = list.list(Which::Open, after, limit.max(1)).await?;
        let next = page.next.clone();
        let fits = |operation: &Operation| match operation {
            Operation::Error(record) => {
                filter.fits(operation) && can_be_sent(record) && settled(record).is_none()
            }
            Operation::Review(_) => false,
        };
        let found = page.into_operations().filter(fits);
        let found = found.map(|operation| Listed::from(&operation)).collect();
        Ok(Outcome::Selected { found, next })
    }
}

/// Whether it has a message, and one that does something when it is delivered.
fn can_be_sent(record: &ErrorRecord) -> bool {
    record.created.is_some()
        && !record.envelope.is_empty()
        && !FINAL.contains(&record.code.as_str())
}

fn gave_up(item: &Item) -> bool {
    let entry = serde_json::from_str::<StepEntry>(&item.body);
    entry.is_ok_and(|entry| matches!(entry.state, State::GaveUp { .. }))
}

/// Why it is not to be sent again: it needs nobody, or was sent since it last failed.
fn settled(record: &ErrorRecord) -> Option<NotRedriven> {
    if !record.handling.needs_someone() {
        return Some(NotRedriven::Settled);
    }
    let mark = record.handling.redriven.as_ref();
    let mark = mark.filter(|mark| mark.at > record.last_at)?;
    Some(NotRedriven::AlreadyRedriven {
        by: mark.by.clone(),
        at: mark.at,
    })
}

/// A message that was kept whole.
pub(super) fn whole(kept: &str) -> Option<&str> {
    (!kept.starts_with(r#"{"beginning":"#) && !kept.starts_with(r#"{"truncated":"#)).then_some(kept)
}
