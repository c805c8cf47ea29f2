//! The list as items of the claims.

use serde::Serialize;

use super::{Channel, Heard, Suppression, after};
use crate::key;
use crate::name::TenantName;
use crate::port::{
    CommitError, Expect, Item, Journal, Key, PortError, Ports, Secrets, Table, Write,
};

/// How often a wish is written again because another was heard at that moment.
const MAX_LOOKS: u32 = 10;

/// Items read at once.
const PAGE: usize = 500;

/// An address of the list, as far as it is kept: its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// `sms#…` or `email#…`.
    pub address: String,
    /// What is known of it.
    #[serde(flatten)]
    pub known: Suppression,
}

/// Writes down what an address asks for. `false`: it was heard before.
///
/// # Errors
/// [`PortError`] when it is not written.
pub async fn hear<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    (channel, address): (Channel, &str),
    said: &Heard<'_>,
) -> Result<bool, PortError> {
    let key = item_key(ports, tenant, channel, address);
    let mut found = read(ports, &key).await?;
    for _ in 0..MAX_LOOKS {
        let before = found.as_ref().map(decoded).transpose()?;
        let Some(next) = after(before.as_ref(), said) else {
            return Ok(false);
        };
        let expect = Expect::unchanged(found.as_ref());
        let write = Write::put(key.clone(), expect, &next)?;
        match ports.journal().commit(vec![write]).await {
            Ok(()) => return Ok(true),
            Err(CommitError::Port(error)) => return Err(error),
            Err(CommitError::Conflict(conflicts)) => {
                found = conflicts.into_iter().find_map(|conflict| conflict.found);
            }
        }
    }
    Err(PortError::Unavailable(
        "others say something all the time".to_owned(),
    ))
}

/// What is known of an address, as it is.
///
/// # Errors
/// [`PortError`] when it cannot be read.
pub async fn find<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    channel: Channel,
    address: &str,
) -> Result<Option<Suppression>, PortError> {
    let found = read(ports, &item_key(ports, tenant, channel, address)).await?;
    found.as_ref().map(decoded).transpose()
}

/// All that a tenant's list knows.
///
/// # Errors
/// [`PortError`] when it cannot be read.
pub async fn listed<J: Journal>(
    journal: &J,
    tenant: &TenantName,
) -> Result<Vec<Listed>, PortError> {
    let (partition, mut found, mut next) = (key::suppressions(tenant), Vec::new(), None::<String>);
    loop {
        let after = next.as_deref();
        let page = journal
            .query(Table::Claims, &partition, "", after, PAGE)
            .await?;
        for row in page.rows {
            let known = decoded(&row.item)?;
            let address = row.sort;
            found.push(Listed { address, known });
        }
        match page.next {
            Some(after) => next = Some(after),
            None => return Ok(found),
        }
    }
}

async fn read<P: Ports>(ports: &P, key: &Key) -> Result<Option<Item>, PortError> {
    let found = ports.journal().read(std::slice::from_ref(key)).await?;
    Ok(found.into_iter().next().flatten())
}

/// What is known of an address, with its revision.
pub(crate) async fn look<P: Ports>(
    ports: &P,
    key: &Key,
) -> Result<Option<(Suppression, u64)>, PortError> {
    let found = read(ports, key).await?;
    let known = found.map(|item| Ok((decoded(&item)?, item.revision)));
    known.transpose()
}

/// The item of an address.
pub(crate) fn item_key<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    channel: Channel,
    address: &str,
) -> Key {
    let identity_key = ports.secrets().identity_key();
    key::suppression(identity_key, tenant, channel.word(), address)
}

/// What does not decode stops the sending, and not the stop.
fn decoded(item: &Item) -> Result<Suppression, PortError> {
    serde_json::from_str(&item.body).map_err(|error| {
        PortError::Unavailable(format!("an address of the list does not decode: {error}"))
    })
}
