//! Somebody knows of it: no repeats, no escalation.

use super::due::overdue;
use super::incidents::{MAX_LOOKS, Seen, seen_operation};
use super::{Event, Incident, Incidents, Trouble, decide, fingerprint};
use crate::key;
use crate::operation::{Mark, Operation};
use crate::port::{Key, Ports, Write};

/// What was acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Acknowledged {
    /// The operation as it is now.
    pub operation: Operation,
    /// How many operations of its incidents are known of with it.
    pub count: u64,
}

/// Why nothing was acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// There is no such operation.
    #[error("there is no such operation")]
    NotFound,
    /// It needs nobody any more.
    #[error("it is settled")]
    Settled,
    /// Somebody did before.
    #[error("{} has acknowledged it at {}", .0.by, .0.at)]
    Already(Mark),
    /// The store failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl AcknowledgeError {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::Settled => "AlreadySettled",
            Self::Already(_) => "AlreadyAcknowledged",
            Self::Trouble(trouble) => trouble.code(),
        }
    }
}

/// Acknowledges an operation and the incidents that it belongs to, in one transaction.
///
/// # Errors
/// [`AcknowledgeError`]; nothing changed then.
pub async fn acknowledge<P: Ports>(
    ports: &P,
    operation: &Key,
    by: &Mark,
) -> Result<Acknowledged, AcknowledgeError> {
    let incidents = Incidents(ports);
    for _ in 0..MAX_LOOKS {
        let found = incidents.read(std::slice::from_ref(operation)).await;
        let found = found.map_err(Trouble::from)?.into_iter().next().flatten();
        let seen = seen_operation(operation.clone(), found).map_err(Trouble::from)?;
        let current = seen.value.as_ref().ok_or(AcknowledgeError::NotFound)?;
        let known = known(current, by)?;
        let (mut writes, count) = spread(&incidents, current, by).await?;
        writes.push(seen.put(&known).map_err(Trouble::from)?);
        if incidents.commit(writes).await.map_err(Trouble::from)? {
            let operation = known;
            return Ok(Acknowledged { operation, count });
        }
    }
    Err(Trouble::Contended.into())
}

fn known(operation: &Operation, by: &Mark) -> Result<Operation, AcknowledgeError> {
    let handling = operation.handling();
    if !handling.needs_someone() {
        return Err(AcknowledgeError::Settled);
    }
    if let Some(earlier) = &handling.acknowledged {
        return Err(AcknowledgeError::Already(earlier.clone()));
    }
    let mut known = operation.clone();
    known.handling_mut().acknowledged = Some(by.clone());
    Ok(known)
}

/// The writes of the incidents under way, and how much they count.
async fn spread<P: Ports>(
    incidents: &Incidents<'_, P>,
    operation: &Operation,
    by: &Mark,
) -> Result<(Vec<Write>, u64), Trouble> {
    let (mut writes, mut count) = (Vec::new(), 0);
    for fingerprint in [fingerprint(operation), overdue(operation)] {
        let key = key::alert(operation.tenant(), &fingerprint);
        let seen: Seen<Incident> = incidents.see(key).await?;
        let Some(open) = &seen.value else { continue };
        count += open.count;
        if let Some(after) = decide(Some(open), &Event::Acknowledged(by)) {
            writes.push(incidents.decided(&seen, Some(&after)).await?);
        }
    }
    Ok((writes, count))
}
