//! Acknowledging and claiming: somebody knows of it, somebody has taken it.

use super::find::changed;
use super::operator::{MAX_LOOKS, person};
use super::{Door, ItemRef, Listed, OperateError, Operator, Outcome};
use crate::alert::{self, AcknowledgeError, Trouble};
use crate::operation::{Handling, Mark, Status};
use crate::port::{Clock, Ports};

impl<P: Ports, D: Door> Operator<P, D> {
    /// Marks that a person knows of it, and of its incident; the first one counts.
    pub(super) async fn acknowledge(
        &self,
        item: &ItemRef,
        by: &str,
    ) -> Result<Outcome, OperateError> {
        let found = self.find(item).await?;
        unsettled(found.operation.handling())?;
        let mark = Mark {
            by: person(by)?,
            at: self.ports.clock().now(),
            reason: None,
        };
        let key = found.operation.key();
        let known = match alert::acknowledge(self.ports.as_ref(), &key, &mark).await {
            Ok(known) => known.operation,
            Err(AcknowledgeError::Already(_)) => found.operation,
            Err(AcknowledgeError::NotFound) => {
                return Err(OperateError::UnknownItem(item.id.clone()));
            }
            Err(AcknowledgeError::Settled) => return Err(OperateError::AlreadySettled(mark.at)),
            Err(AcknowledgeError::Trouble(trouble)) => return Err(trouble.into()),
        };
        let item = Listed::from(&known);
        Ok(Outcome::Acknowledged { item })
    }

    /// Takes it for a person.
    pub(super) async fn claim(
        &self,
        item: &ItemRef,
        by: &str,
        take_over: bool,
    ) -> Result<Outcome, OperateError> {
        let item = self
            .mark(item, by, |handling, mark| {
                if !take_over {
                    free_for(handling, &mark.by)?;
                }
                let same = handling.claimed.as_ref().is_some_and(|it| it.by == mark.by);
                if !same {
                    handling.claimed = Some(mark);
                }
                handling.status = Status::Claimed;
                Ok(())
            })
            .await?;
        Ok(Outcome::Claimed { item })
    }

    async fn mark(
        &self,
        item: &ItemRef,
        by: &str,
        change: impl Fn(&mut Handling, Mark) -> Result<(), OperateError>,
    ) -> Result<Listed, OperateError> {
        let by = person(by)?;
        for _ in 0..MAX_LOOKS {
            let found = self.find(item).await?;
            unsettled(found.operation.handling())?;
            let mut operation = found.operation.clone();
            let mark = Mark {
                by: by.clone(),
                at: self.ports.clock().now(),
                reason: None,
            };
            change(operation.handling_mut(), mark)?;
            if operation == found.operation
                || self.commit(vec![changed(&found.item, &operation)?]).await?
            {
                return Ok(Listed::from(&operation));
            }
        }
        Err(OperateError::Contended)
    }
}

impl From<Trouble> for OperateError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Port(error) => Self::Port(error),
            Trouble::Definitions(error) => error.into(),
            Trouble::Contended => Self::Contended,
        }
    }
}

/// Whether it still needs someone, and nobody has decided.
pub(super) fn unsettled(handling: &Handling) -> Result<(), OperateError> {
    if let Some(decision) = &handling.decision {
        return Err(OperateError::AlreadyDecided {
            by: decision.mark.by.clone(),
            at: decision.mark.at,
            choice: decision.choice,
        });
    }
    match handling.closed_at {
        Some(at) if !handling.needs_someone() => Err(OperateError::AlreadySettled(at)),
        _ => Ok(()),
    }
}

/// Whether nobody else has taken it.
pub(super) fn free_for(handling: &Handling, by: &str) -> Result<(), OperateError> {
    match &handling.claimed {
        Some(claim) if handling.status == Status::Claimed && claim.by != by => {
            Err(OperateError::NotClaimable {
                by: claim.by.clone(),
                at: claim.at,
            })
        }
        _ => Ok(()),
    }
}
