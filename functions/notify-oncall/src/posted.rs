//! What was posted of an alert, so that a redelivery posts nothing twice.

use std::collections::BTreeMap;

use holdfast_engine::alert::Trouble;
use holdfast_engine::key;
use holdfast_engine::port::{
    Alert, Change, CommitError, Expect, Item, Journal, Key, MessageId, PortError, Ports, Write,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How often it is written again because it had changed.
const MAX_LOOKS: u32 = 10;

/// What came of one way to reach somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Leg {
    /// It was posted.
    Posted(Timestamp),
    /// It failed for good, for this message; a redrive tries again.
    Failed {
        /// The message.
        message: MessageId,
        /// Why.
        reason: String,
    },
}

/// What came of each way, by pack and way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Legs(BTreeMap<String, Leg>);

/// What was posted of an alert, as a store keeps it.
#[derive(Debug)]
pub(crate) struct Posted<'a, P> {
    ports: &'a P,
    key: Key,
    item: Option<Item>,
    legs: Legs,
}

impl<'a, P: Ports> Posted<'a, P> {
    pub(crate) async fn read(ports: &'a P, alert: &Alert) -> Result<Self, Trouble> {
        let key = key::alerted(alert.tenant.as_ref(), &alert.id);
        let found = ports.journal().read(std::slice::from_ref(&key)).await?;
        let item = found.into_iter().next().flatten();
        let legs = legs(item.as_ref())?;
        Ok(Self {
            ports,
            key,
            item,
            legs,
        })
    }

    pub(crate) fn leg(&self, name: &str) -> Option<&Leg> {
        self.legs.0.get(name)
    }

    /// Writes down what came of one way.
    pub(crate) async fn put(&mut self, name: &str, leg: Leg) -> Result<(), Trouble> {
        for _ in 0..MAX_LOOKS {
            self.legs.0.insert(name.to_owned(), leg.clone());
            let body = serde_json::to_string(&self.legs).map_err(unfit)?;
            let write = Write {
                key: self.key.clone(),
                expect: Expect::unchanged(self.item.as_ref()),
                change: Change::Put(body.clone()),
            };
            match self.ports.journal().commit(vec![write]).await {
                Ok(()) => {
                    let revision = self.item.as_ref().map_or(1, |item| item.revision + 1);
                    self.item = Some(Item { revision, body });
                    return Ok(());
                }
                Err(CommitError::Port(error)) => return Err(error.into()),
                Err(CommitError::Conflict(found)) => {
                    self.item = found.into_iter().next().and_then(|one| one.found);
                    self.legs = legs(self.item.as_ref())?;
                }
            }
        }
        Err(Trouble::Contended)
    }
}

fn legs(item: Option<&Item>) -> Result<Legs, PortError> {
    let read = item.map(|item| serde_json::from_str(&item.body));
    Ok(read.transpose().map_err(unfit)?.unwrap_or_default())
}

fn unfit(error: impl std::fmt::Display) -> PortError {
    PortError::Unavailable(error.to_string())
}
