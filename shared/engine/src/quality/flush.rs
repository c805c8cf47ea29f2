//! Adding what a process counted to the items of its hours.

use jiff::Timestamp;

use super::{Counts, Slot, Tallies};
use crate::key;
use crate::port::{Change, Clock, CommitError, Expect, Item, Journal, PortError, Ports, Write};

/// How often a count is added again because another process added its own at that moment.
const MAX_LOOKS: u32 = 5;

/// Adds what was counted, where that is due.
pub async fn flush_due<P: Ports>(ports: &P) {
    if ports.quality().is_due(ports.clock().now()) {
        flush(ports).await;
    }
}

/// Adds what was counted. What cannot be added now is tried again with the next; it is no event,
/// and nothing waits for it.
pub async fn flush<P: Ports>(ports: &P) {
    let (tallies, now): (&Tallies, Timestamp) = (ports.quality(), ports.clock().now());
    for (slot, counts) in tallies.take(now) {
        if let Err(error) = add(ports.journal(), &slot, &counts).await {
            tracing::debug!(%error, "figures about data are not added yet");
            tallies.put_back(slot, &counts);
        }
    }
}

async fn add<J: Journal>(journal: &J, slot: &Slot, counts: &Counts) -> Result<(), PortError> {
    let key = key::quality(&slot.tenant, &super::hours::sort(slot));
    let keys = [key.clone()];
    let mut found = journal.read(&keys).await?.into_iter().next().flatten();
    for _ in 0..MAX_LOOKS {
        let write = Write {
            key: key.clone(),
            expect: Expect::unchanged(found.as_ref()),
            change: Change::Put(sum(found.as_ref(), counts)?),
        };
        match journal.commit(vec![write]).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Port(error)) => return Err(error),
            Err(CommitError::Conflict(conflicts)) => {
                found = conflicts.into_iter().find_map(|conflict| conflict.found);
            }
        }
    }
    Err(PortError::Unavailable("others add all the time".to_owned()))
}

/// The counts that are there with these. What does not decode is begun anew: figures must not be
/// what stops anything.
fn sum(found: Option<&Item>, counts: &Counts) -> Result<String, PortError> {
    let there = found.and_then(|item| serde_json::from_str::<Counts>(&item.body).ok());
    let mut sum = there.unwrap_or_default();
    sum.add(counts);
    serde_json::to_string(&sum).map_err(|error| PortError::Unavailable(error.to_string()))
}
