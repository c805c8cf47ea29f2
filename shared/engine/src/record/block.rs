//! The items by which probable duplicates are found: each leads from what records have in common
//! to a record, and lies where those of a shared key do.

use std::collections::BTreeSet;

use super::Record;
use super::lookup::{key_body, record_of};
use crate::definition::model::RecordDefinition;
use crate::duplicate::blocks;
use crate::key;
use crate::name::{RecordId, TenantName};
use crate::port::{Change, Expect, Item, Journal, Key, PortError, Table, Write};

/// The most records that are taken from one block: a larger one says little of who it is.
const MAX_BLOCK: usize = 25;

/// The partitions of a record's blocks; none where nobody looks for duplicates of its type.
fn partitions(
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    record: &Record,
) -> BTreeSet<String> {
    let Some(duplicates) = definition.duplicates.as_ref().filter(|_| !record.deleted) else {
        return BTreeSet::new();
    };
    let blocks = blocks(duplicates, &record.fields).into_iter();
    blocks
        .map(|block| block.partition(identity_key, tenant, &definition.name))
        .collect()
}

/// The keys of a record's items in its blocks.
pub(super) fn block_keys(
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    record: &Record,
) -> Vec<Key> {
    let partitions = partitions(identity_key, tenant, definition, record);
    let keys = partitions.into_iter();
    keys.map(|partition| key::shared(partition, &record.id))
        .collect()
}

/// The writes that move a changed record to other blocks. What is there is read before: a record
/// may be older than the `duplicates` of its type.
///
/// # Errors
/// [`PortError`] when the journal cannot be read.
pub async fn moved_blocks<J: Journal>(
    journal: &J,
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    before: &Record,
    after: &Record,
) -> Result<Vec<Write>, PortError> {
    let keys = |record| block_keys(identity_key, tenant, definition, record);
    let (old, new) = (keys(before), keys(after));
    if old == new {
        return Ok(Vec::new());
    }
    let gone = old.iter().filter(|key| !new.contains(key));
    let all: Vec<Key> = gone.chain(&new).cloned().collect();
    let found = journal.read(&all).await?;
    let body = key_body(&after.id);
    let moved = all.into_iter().zip(found);
    Ok(moved
        .filter_map(|(key, found)| moved_block(key, found.as_ref(), &new, &body))
        .collect())
}

fn moved_block(key: Key, found: Option<&Item>, new: &[Key], body: &str) -> Option<Write> {
    let change = match (new.contains(&key), found) {
        (true, None) => Change::Put(body.to_owned()),
        (false, Some(_)) => Change::Delete,
        (true, Some(_)) | (false, None) => return None,
    };
    Some(Write {
        key,
        expect: Expect::unchanged(found),
        change,
    })
}

/// The records that have a block in common with this one, and not all that do: those that were
/// created first, of each block.
///
/// # Errors
/// [`PortError`] when the journal cannot be read.
pub async fn alike<J: Journal>(
    journal: &J,
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    record: &Record,
) -> Result<BTreeSet<RecordId>, PortError> {
    let mut found = BTreeSet::new();
    for partition in partitions(identity_key, tenant, definition, record) {
        let prefix = key::SHARED_PREFIX;
        let page = journal.query(Table::Journal, &partition, prefix, None, MAX_BLOCK);
        let rows = page.await?.rows;
        found.extend(rows.iter().filter_map(|row| record_of(&row.item)));
    }
    found.remove(&record.id);
    Ok(found)
}
