//! Incidents as a store keeps them, and the publishing of what they say.

use std::time::Duration;

use super::{Incident, Timed};
use crate::key;
use crate::name::TenantName;
use crate::operation::Operation;
use crate::port::{
    Alerts, Change, Clock, CommitError, DefinitionsError, Expect, Item, Journal, Key, PortError,
    Ports, Write,
};

/// How often something is decided again because it had changed meanwhile.
pub(super) const MAX_LOOKS: u32 = 20;

/// How long whoever caused a message has to publish it, before anyone does who finds it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why the error route does not get on.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A port failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A definition cannot be had.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
    /// Something changed again and again.
    #[error("too many changes at once")]
    Contended,
}

impl Trouble {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.code(),
            Self::Definitions(error) => error.code(),
            Self::Contended => "Contended",
        }
    }
}

/// An item as it was seen, read as what it holds.
#[derive(Debug, Clone)]
pub(super) struct Seen<T> {
    pub(super) key: Key,
    pub(super) item: Option<Item>,
    pub(super) value: Option<T>,
}

impl<T> Seen<T> {
    /// The write of this item, if it is still as it was seen.
    pub(super) fn write(&self, change: Change) -> Write {
        Write {
            key: self.key.clone(),
            expect: Expect::unchanged(self.item.as_ref()),
            change,
        }
    }
}

impl Seen<Operation> {
    /// The write of the operation as it is to be.
    pub(super) fn put(&self, operation: &Operation) -> Result<Write, PortError> {
        Ok(self.write(Change::Put(operation.encode().map_err(unfit)?)))
    }
}

impl<T: serde::Serialize> Seen<T> {
    /// The write of a document as it is to be.
    pub(super) fn put_json(&self, value: &T) -> Result<Write, PortError> {
        Ok(self.write(Change::Put(serde_json::to_string(value).map_err(unfit)?)))
    }
}

pub(super) fn unfit(error: impl std::fmt::Display) -> PortError {
    PortError::Unavailable(error.to_string())
}

/// Incidents over ports.
#[derive(Debug)]
pub struct Incidents<'a, P>(pub(super) &'a P);

impl<P: Ports> Incidents<'_, P> {
    /// Reads items at once.
    pub(super) async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, PortError> {
        self.0.journal().read(keys).await
    }

    /// Reads a document.
    pub(super) async fn see<T: serde::de::DeserializeOwned>(
        &self,
        key: Key,
    ) -> Result<Seen<T>, PortError> {
        let found = self.read(std::slice::from_ref(&key)).await?;
        seen(key, found.into_iter().next().flatten())
    }

    /// Reads an operation and an incident at once.
    pub(super) async fn both(
        &self,
        operation: Key,
        fingerprint: &str,
        tenant: Option<&TenantName>,
    ) -> Result<(Seen<Operation>, Seen<Incident>), PortError> {
        let incident = key::alert(tenant, fingerprint);
        let found = self.read(&[operation.clone(), incident.clone()]).await?;
        let mut found = found.into_iter();
        let mut next = || found.next().flatten();
        Ok((seen_operation(operation, next())?, seen(incident, next())?))
    }

    /// Writes; `false`: something had changed.
    pub(super) async fn commit(&self, writes: Vec<Write>) -> Result<bool, PortError> {
        match self.0.journal().commit(writes).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(CommitError::Port(error)) => Err(error),
        }
    }

    /// The write of what was decided. Its timer is armed first: one that was armed for nothing
    /// finds nothing due.
    pub(super) async fn decided(
        &self,
        seen: &Seen<Incident>,
        after: Option<&Incident>,
    ) -> Result<Write, PortError> {
        let Some(after) = after else {
            return Ok(seen.write(Change::Delete));
        };
        let before = seen.value.as_ref().map(Incident::next_due);
        if before != Some(after.next_due()) {
            Timed::incident(after).arm(self.0).await?;
        }
        seen.put_json(after)
    }

    /// Publishes what an incident has to say, if that did not happen yet: what `cause` made it
    /// say, or what nobody published for long.
    ///
    /// # Errors
    /// [`Trouble`]; it stays unpublished then.
    pub async fn publish(
        &self,
        tenant: Option<&TenantName>,
        fingerprint: &str,
        cause: &str,
    ) -> Result<(), Trouble> {
        let seen: Seen<Incident> = self.see(key::alert(tenant, fingerprint)).await?;
        let overdue = |incident: &Incident| {
            let since = incident.last_at.saturating_add(PATIENCE);
            since.is_ok_and(|since| since <= self.0.clock().now())
        };
        match &seen.value {
            Some(incident)
                if incident
                    .unpublished
                    .as_ref()
                    .is_some_and(|alert| alert.operation == cause)
                    || overdue(incident) =>
            {
                self.publish_seen(seen).await
            }
            _ => Ok(()),
        }
    }

    /// Publishes what this incident has to say, then writes down that it was said.
    pub(super) async fn publish_seen(&self, mut seen: Seen<Incident>) -> Result<(), Trouble> {
        let Some(alert) = seen
            .value
            .as_ref()
            .and_then(|open| open.unpublished.clone())
        else {
            return Ok(());
        };
        self.0.alerts().publish(&alert).await?;
        for _ in 0..MAX_LOOKS {
            let unpublished = |open: &&Incident| open.unpublished.as_ref() == Some(&alert);
            let Some(open) = seen.value.as_ref().filter(unpublished) else {
                return Ok(());
            };
            let said = Incident {
                unpublished: None,
                ..open.clone()
            };
            if self.commit(vec![seen.put_json(&said)?]).await? {
                return Ok(());
            }
            seen = self.see(seen.key).await?;
        }
        Err(Trouble::Contended)
    }
}

fn seen<T: serde::de::DeserializeOwned>(
    key: Key,
    item: Option<Item>,
) -> Result<Seen<T>, PortError> {
    let value = item.as_ref().map(|item| serde_json::from_str(&item.body));
    let value = value.transpose().map_err(unfit)?;
    Ok(Seen { key, item, value })
}

/// Reads an operation's item.
pub(super) fn seen_operation(key: Key, item: Option<Item>) -> Result<Seen<Operation>, PortError> {
    let value = item.as_ref();
    let value = value.map(|item| Operation::decode(&key.partition, &item.body));
    let value = value.transpose().map_err(unfit)?;
    Ok(Seen { key, item, value })
}
