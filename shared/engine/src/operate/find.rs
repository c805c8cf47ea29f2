//! Finding operations, and writing what was decided on them.

use super::journaled::{DecisionEntry, Deed, decision_key, event_of, generation_of, home_of};
use super::{Door, ItemRef, OperateError, Operator};
use crate::key;
use crate::operation::{ERROR, Mark, Operation, REVIEW, Stored};
use crate::port::{
    Change, CommitError, Expect, Item, Journal, Key, OperationList, PortError, Ports, Which, Write,
};

/// Operations read at once.
pub(super) const PAGE: usize = 500;

impl<P: Ports, D: Door> Operator<P, D> {
    /// The operation, by its key where the tenant is known, else in the list of all.
    pub(super) async fn find(&self, item: &ItemRef) -> Result<Stored, OperateError> {
        let keys = match &item.tenant {
            Some(tenant) => vec![
                key::operation(tenant, ERROR, &item.id),
                key::operation(tenant, REVIEW, &item.id),
            ],
            None => vec![key::unowned_error(&item.id)],
        };
        let found = self.ports.journal().read(&keys).await?;
        let mut found = keys.iter().zip(found);
        if let Some((key, item)) = found.find_map(|(key, item)| Some((key, item?))) {
            return decoded(key, item);
        }
        let unknown = || OperateError::UnknownItem(item.id.clone());
        if item.tenant.is_some() {
            return Err(unknown());
        }
        self.search(&item.id).await?.ok_or_else(unknown)
    }

    async fn search(&self, id: &str) -> Result<Option<Stored>, OperateError> {
        let mut after = None;
        loop {
            let list = self.ports.operations();
            let page = list.list(Which::All, after.as_deref(), PAGE).await?;
            let mut found = page.found.into_iter();
            if let Some(stored) = found.find(|stored| stored.operation.id() == id) {
                return Ok(Some(stored));
            }
            after = page.next;
            if after.is_none() {
                return Ok(None);
            }
        }
    }

    /// An item as it is now.
    pub(super) async fn item(&self, key: &Key) -> Result<Option<Item>, PortError> {
        let found = self.ports.journal().read(std::slice::from_ref(key)).await?;
        Ok(found.into_iter().flatten().next())
    }

    /// Commits writes; `false`: what they were built on has changed.
    pub(super) async fn commit(&self, writes: Vec<Write>) -> Result<bool, PortError> {
        match self.ports.journal().commit(writes).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(CommitError::Port(error)) => Err(error),
        }
    }
}

/// An operation as it was found.
pub(super) fn decoded(key: &Key, item: Item) -> Result<Stored, OperateError> {
    let operation = Operation::decode(&key.partition, &item.body)
        .map_err(|error| PortError::Unavailable(error.to_string()))?;
    Ok(Stored { operation, item })
}

/// The write of an operation on condition that it is as it was found.
pub(super) fn changed(found: &Item, operation: &Operation) -> Result<Write, PortError> {
    let body = operation.encode().map_err(encoding)?;
    Ok(Write {
        key: operation.key(),
        expect: Expect::Revision(found.revision),
        change: Change::Put(body),
    })
}

/// The write of the journal's line about a decision on an operation.
pub(super) fn journaled(found: &Stored, what: Deed, mark: &Mark) -> Result<Write, PortError> {
    let operation = &found.operation;
    let home = home_of(operation).map_err(|error| PortError::Unavailable(error.to_string()))?;
    let entry = DecisionEntry {
        operation: Some(operation.id().to_owned()),
        kind: Some(operation.kind()),
        code: Some(operation.code().to_owned()),
        event: event_of(operation).filter(|_| operation.execution().is_none()),
        execution: operation.execution().cloned(),
        step: operation.step().cloned(),
        generation: generation_of(operation),
        ..DecisionEntry::of(what, mark)
    };
    let key = decision_key(&home, operation.id(), found.item.revision);
    put_new(key, &entry)
}

/// The write of an item that is not there yet.
pub(super) fn put_new(key: Key, body: &impl serde::Serialize) -> Result<Write, PortError> {
    Ok(Write {
        key,
        expect: Expect::Absent,
        change: Change::Put(serde_json::to_string(body).map_err(encoding)?),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "map_err gives the value")]
pub(super) fn encoding(error: serde_json::Error) -> PortError {
    PortError::Unavailable(error.to_string())
}
