//! A journal whose calls may fail.

use std::sync::Arc;

use holdfast_engine::port::{
    CommitError, Conflict, Item, Journal, Key, Page, PortError, Ports, Table, Write,
};

use super::{Fault, Faults};

/// A journal whose calls may fail.
#[derive(Debug)]
pub struct FaultyJournal<P> {
    inner: Arc<P>,
    faults: Arc<Faults>,
}

impl<P> FaultyJournal<P> {
    pub(super) fn new((inner, faults): (Arc<P>, Arc<Faults>)) -> Self {
        Self { inner, faults }
    }
}

impl<P: Ports> FaultyJournal<P> {
    /// What a commit reports that fails on purpose: a conflict shows what is there.
    async fn refused(&self, fault: Fault, keys: &[Key]) -> Result<CommitError, PortError> {
        if fault == Fault::Throttle {
            return Ok(PortError::Throttled.into());
        }
        if fault != Fault::Conflict {
            return Ok(PortError::Unavailable("on purpose".to_owned()).into());
        }
        let found = self.inner.journal().read(keys).await?;
        let conflicts = found.into_iter().enumerate();
        let conflicts = conflicts.map(|(index, found)| Conflict { index, found });
        Ok(CommitError::Conflict(conflicts.collect()))
    }
}

impl<P: Ports> Journal for FaultyJournal<P> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        self.faults.port(self.inner.journal().read(keys)).await
    }

    async fn read_lately(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        self.faults
            .port(self.inner.journal().read_lately(keys))
            .await
    }

    async fn read_both(
        &self,
        keys: &[Key],
        lately: &[Key],
    ) -> Result<Vec<Option<Item>>, PortError> {
        self.faults
            .port(self.inner.journal().read_both(keys, lately))
            .await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        let keys: Vec<Key> = writes.iter().map(|write| write.key.clone()).collect();
        match self
            .faults
            .around(self.inner.journal().commit(writes))
            .await
        {
            Ok(result) => result,
            Err(interrupted) => Err(self.refused(interrupted.fault, &keys).await?),
        }
    }

    async fn query(
        &self,
        table: Table,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, PortError> {
        let query = self
            .inner
            .journal()
            .query(table, partition, prefix, after, limit);
        self.faults.port(query).await
    }
}
