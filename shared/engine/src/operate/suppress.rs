//! Somebody is put on the list of who is not written to, or taken off it, by a person.

use super::journaled::{DECISION_PREFIX, DecisionEntry, Deed, decision_key};
use super::operator::{MAX_LOOKS, person, reason};
use super::{Door, OperateError, Operator, Outcome, Suppress};
use crate::id::RecordRef;
use crate::key;
use crate::name::{SourceName, TenantName};
use crate::operation::Mark;
use crate::port::{Clock, CommitError, Expect, Journal, Key, PortError, Ports, Table, Write};
use crate::suppression::{Channel, Suppression, Wish, by_hand, is_offered, item_key, look};

/// Stands for the source of what people did to the list.
const LIST: &str = "suppressed";

/// More changes of one address than people make.
const MANY: usize = 100;

impl<P: Ports, D: Door> Operator<P, D> {
    /// Writes down, in one transaction, what an address is taken to ask for, and who says so. The
    /// same once more changes nothing.
    pub(super) async fn suppress(&self, request: &Suppress) -> Result<Outcome, OperateError> {
        let (ports, tenant, channel) = (self.ports.as_ref(), &request.tenant, request.channel);
        let mark = Mark {
            by: person(&request.by)?,
            at: ports.clock().now(),
            reason: Some(reason(&request.reason)?),
        };
        let address = channel.address(&request.address);
        let address = address.ok_or(OperateError::InvalidAddress(channel))?;
        if request.wish == Wish::Stop && !is_offered(ports, tenant, channel).await? {
            return Err(OperateError::NobodyLooks(channel));
        }
        let key = item_key(ports, tenant, channel, &address);
        let told = |changed, known| Outcome::Suppressed {
            address: address.clone(),
            channel,
            changed,
            known,
        };
        for _ in 0..MAX_LOOKS {
            let (before, revision) = look(ports, &key).await?.unzip();
            let Some(next) = by_hand(before.as_ref(), request.wish, &mark) else {
                return Ok(told(false, before));
            };
            let writes = writes(tenant, (&key, revision), &next, &mark)?;
            match ports.journal().commit(writes).await {
                Ok(()) => return Ok(told(true, Some(next))),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Port(error)) => return Err(error.into()),
            }
        }
        Err(OperateError::Contended)
    }
}

/// The address as it is known from now on, and the line of who did it.
fn writes(
    tenant: &TenantName,
    (key, revision): (&Key, Option<u64>),
    next: &Suppression,
    mark: &Mark,
) -> Result<Vec<Write>, PortError> {
    let deed = match next.wish {
        Wish::Stop => Deed::Suppress,
        Wish::Start => Deed::Unsuppress,
    };
    let line = decision_key(&home(tenant)?, &named(key), revision.unwrap_or(0));
    let expect = revision.map_or(Expect::Absent, Expect::Revision);
    Ok(vec![
        Write::put(key.clone(), expect, next)?,
        Write::put(line, Expect::Absent, &DecisionEntry::of(deed, mark))?,
    ])
}

/// What people did to the list about an address, oldest first.
///
/// # Errors
/// [`PortError`] when it cannot be read.
pub async fn suppressed_by_hand<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    (channel, address): (Channel, &str),
) -> Result<Vec<DecisionEntry>, PortError> {
    let address = named(&item_key(ports, tenant, channel, address));
    let (partition, prefix) = (
        key::home(&home(tenant)?),
        format!("{DECISION_PREFIX}{address}#"),
    );
    let journal = ports.journal();
    let page = journal.query(Table::Journal, &partition, &prefix, None, MANY);
    let rows = page.await?.rows.into_iter();
    rows.map(|row| {
        serde_json::from_str(&row.item.body)
            .map_err(|error| PortError::Unavailable(error.to_string()))
    })
    .collect()
}

fn home(tenant: &TenantName) -> Result<RecordRef, PortError> {
    let home = SourceName::new(LIST).and_then(|list| RecordRef::of_source(tenant, &list));
    home.map_err(|error| PortError::Unavailable(error.to_string()))
}

/// An address of the list within another key.
fn named(key: &Key) -> String {
    key.sort.replace('#', "/")
}
