//! From a request to what is done about it.

use std::sync::Arc;

use jiff::Timestamp;

use super::find::PAGE;
use super::{Door, Operate, OperateError, Outcome, stats};
use crate::name::TenantName;
use crate::port::{OperationList, Ports, Which};

/// How often something is decided again because what it was based on had changed.
pub(super) const MAX_LOOKS: u32 = 20;

/// Does what people ask for.
#[derive(Debug)]
pub struct Operator<P, D> {
    pub(super) ports: Arc<P>,
    pub(super) door: D,
}

impl<P: Ports, D: Door> Operator<P, D> {
    /// An operator on these ports; stored requests go through this door.
    #[must_use]
    pub fn new(ports: Arc<P>, door: D) -> Self {
        Self { ports, door }
    }

    /// Does what a person asks for.
    ///
    /// # Errors
    /// [`OperateError`] when it is not done. After [`OperateError::Port`] it may have been begun:
    /// the same request once more ends it.
    pub async fn operate(&self, request: Operate) -> Result<Outcome, OperateError> {
        match request {
            Operate::Acknowledge { item, by } => self.acknowledge(&item, &by).await,
            Operate::Claim {
                item,
                by,
                take_over,
            } => self.claim(&item, &by, take_over).await,
            Operate::Decide(request) => self.decide(&request).await,
            Operate::Redrive {
                item,
                by,
                reason,
                dry_run,
                again,
            } => self.redrive(&item, (&by, &reason), (dry_run, again)).await,
            Operate::Select {
                filter,
                after,
                limit,
            } => self.select(&filter, after.as_deref(), limit).await,
            Operate::Rerun(request) => self.rerun(&request).await,
            Operate::Suppress(request) => self.suppress(&request).await,
            Operate::Stats { tenant, since } => self.stats(tenant.as_ref(), since).await,
        }
    }

    async fn stats(
        &self,
        tenant: Option<&TenantName>,
        since: Option<Timestamp>,
    ) -> Result<Outcome, OperateError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let list = self.ports.operations();
            let mut page = list.list(Which::All, after.as_deref(), PAGE).await?;
            after = page.next.take();
            all.extend(page.into_operations().filter(|operation| {
                let opened = operation.handling().opened_at;
                (tenant.is_none() || operation.tenant() == tenant)
                    && since.is_none_or(|since| opened >= since)
            }));
            if after.is_none() {
                return Ok(Outcome::Stats(stats(&all)));
            }
        }
    }
}

/// The name of who asks.
pub(super) fn person(by: &str) -> Result<String, OperateError> {
    let by = by.trim();
    (!by.is_empty())
        .then(|| by.to_owned())
        .ok_or(OperateError::PersonMissing)
}

/// Why it is asked.
pub(super) fn reason(why: &str) -> Result<String, OperateError> {
    let why = why.trim();
    (!why.is_empty())
        .then(|| why.to_owned())
        .ok_or(OperateError::ReasonMissing)
}
