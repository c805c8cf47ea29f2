//! Finding records by their keys. A key's value is hidden by a keyed hash; its items are the only
//! way from a value to a record.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Record;
use super::block::block_keys;
use crate::definition::model::{Lookup, RecordDefinition};
use crate::key;
use crate::name::{RecordId, TenantName};
use crate::port::{Change, Expect, Item, Journal, Key, PortError, Table, Write};

/// The most records that one non-unique value may find: more is ambiguous anyway.
const MAX_SHARED: usize = 10;

/// The item under a key's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyItem {
    /// The record.
    pub record: RecordId,
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// No record.
    None,
    /// One record.
    One(RecordId),
    /// Several: a person decides, never a guess.
    Several(Vec<RecordId>),
}

/// The partition of a record type's natural key for these values; `None` while a field of it is
/// unset.
fn unique_partition(
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    values: &Map<String, Json>,
) -> Option<String> {
    if definition.key.is_empty() {
        return None;
    }
    let fields: Vec<&str> = definition.key.iter().map(String::as_str).collect();
    let texts = fields
        .iter()
        .map(|field| text(values.get(*field)?))
        .collect::<Option<Vec<_>>>()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    Some(key::lookup(
        identity_key,
        tenant,
        &definition.name,
        &fields,
        &texts,
    ))
}

fn shared_partitions(
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    values: &Map<String, Json>,
) -> Vec<String> {
    let one = |field: &String| {
        let text = text(values.get(field)?)?;
        Some(key::lookup(
            identity_key,
            tenant,
            &definition.name,
            &[field],
            &[&text],
        ))
    };
    definition.also.iter().filter_map(one).collect()
}

/// A key's value as text: one text for one value, since values are in their normal form.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The writes that make a record findable: its key items appear, move or go with its values. Those
/// by which duplicates are found appear here with a new record; [`super::moved_blocks`] moves them.
#[must_use]
pub fn key_writes(
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    before: Option<&Record>,
    after: &Record,
) -> Vec<Write> {
    let none = Map::new();
    let old = before
        .filter(|record| !record.deleted)
        .map_or(&none, |record| &record.fields);
    let new = if after.deleted { &none } else { &after.fields };
    let keys = |values| {
        let unique = unique_partition(identity_key, tenant, definition, values).map(key::unique);
        let shared = shared_partitions(identity_key, tenant, definition, values);
        unique
            .into_iter()
            .chain(
                shared
                    .into_iter()
                    .map(|partition| key::shared(partition, &after.id)),
            )
            .collect()
    };
    let (old, mut new): (Vec<Key>, Vec<Key>) = (keys(old), keys(new));
    if before.is_none() {
        new.extend(block_keys(identity_key, tenant, definition, after));
    }
    let body = key_body(&after.id);
    let gone = old
        .iter()
        .filter(|key| !new.contains(key))
        .map(|key| Write {
            key: key.clone(),
            expect: Expect::Revision(1),
            change: Change::Delete,
        });
    let come = new
        .iter()
        .filter(|key| !old.contains(key))
        .map(|key| Write {
            key: key.clone(),
            expect: Expect::Absent,
            change: Change::Put(body.clone()),
        });
    gone.chain(come).collect()
}

/// The item of the natural key that these values have, in their normal form; `None` while a field
/// of it is unset.
#[must_use]
pub fn natural_key(
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    values: &Map<String, Json>,
) -> Option<Key> {
    unique_partition(identity_key, tenant, definition, values).map(key::unique)
}

/// The body of an item that leads to a record.
pub(super) fn key_body(record: &RecordId) -> String {
    serde_json::json!({ "record": record }).to_string()
}

/// Finds the record with this natural key.
///
/// # Errors
/// [`PortError`] when the journal cannot be read.
pub async fn find_by_key<J: Journal>(
    journal: &J,
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    values: &Map<String, Json>,
) -> Result<Option<RecordId>, PortError> {
    let Some(partition) = unique_partition(identity_key, tenant, definition, values) else {
        return Ok(None);
    };
    let key = [key::unique(partition)];
    // A key that moved a moment ago may still lead to where it was, as if this had come before it;
    // one that is not there may just have been written.
    let mut found = journal.read_lately(&key).await?;
    if found.iter().all(Option::is_none) {
        found = journal.read(&key).await?;
    }
    Ok(found
        .into_iter()
        .flatten()
        .find_map(|item| record_of(&item)))
}

/// Finds the record that these values speak of.
///
/// # Errors
/// [`PortError`] when the journal cannot be read.
pub async fn resolve<J: Journal>(
    journal: &J,
    identity_key: &[u8; 32],
    tenant: &TenantName,
    definition: &RecordDefinition,
    by: Lookup,
    values: &Map<String, Json>,
) -> Result<Resolution, PortError> {
    if let Some(id) = find_by_key(journal, identity_key, tenant, definition, values).await? {
        return Ok(Resolution::One(id));
    }
    if by == Lookup::Key {
        return Ok(Resolution::None);
    }
    let mut found = Vec::new();
    for partition in shared_partitions(identity_key, tenant, definition, values) {
        let page = journal
            .query(
                Table::Journal,
                &partition,
                key::SHARED_PREFIX,
                None,
                MAX_SHARED,
            )
            .await?;
        found.extend(page.rows.iter().filter_map(|row| record_of(&row.item)));
    }
    found.sort_unstable();
    found.dedup();
    Ok(match found.as_slice() {
        [] => Resolution::None,
        [one] => Resolution::One(one.clone()),
        _ => Resolution::Several(found),
    })
}

/// Reads a record with its revision.
///
/// # Errors
/// [`PortError`] when the journal cannot be read or holds something else.
pub async fn find_record<J: Journal>(
    journal: &J,
    record: &crate::id::RecordRef,
) -> Result<Option<(Record, u64)>, PortError> {
    let found = journal.read(&[key::record(record)]).await?;
    let Some(item) = found.into_iter().flatten().next() else {
        return Ok(None);
    };
    let record =
        serde_json::from_str(&item.body).map_err(|e| PortError::Unavailable(e.to_string()))?;
    Ok(Some((record, item.revision)))
}

pub(super) fn record_of(item: &Item) -> Option<RecordId> {
    serde_json::from_str::<KeyItem>(&item.body)
        .ok()
        .map(|key| key.record)
}
