//! What is there before a row is applied: its record, by the natural key, and its line.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{Content, Import, Row, RowLine};
use crate::definition::model::RecordDefinition;
use crate::field::{self, Unknown};
use crate::hash;
use crate::id::RecordRef;
use crate::key;
use crate::name::RecordId;
use crate::port::{Item, Journal, Key, PortError};
use crate::record::{KeyItem, Record, natural_key};

/// What was found about a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    /// The record that its key leads to, else the one that it would begin.
    pub(super) reference: RecordRef,
    /// The record as it is, with its revision.
    pub(super) found: Option<(Record, u64)>,
    /// What an earlier run left.
    pub(super) line: Option<RowLine>,
}

/// Looks at what is there for rows, in as few reads as the number of rows allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looking<'a, J> {
    pub(super) journal: &'a J,
    pub(super) identity_key: &'a [u8; 32],
    pub(super) import: &'a Import,
    pub(super) definition: &'a RecordDefinition,
}

impl<J: Journal> Looking<'_, J> {
    /// The item that a row's natural key has; `None`: the key cannot be read.
    pub(super) fn key(&self, row: &Row) -> Option<Key> {
        let Content::Values(values) = &row.content else {
            return None;
        };
        let values = key_values(self.definition, values)?;
        let tenant = &self.import.tenant;
        natural_key(self.identity_key, tenant, self.definition, &values)
    }

    /// What is there for each of these rows, in their order; each with its key.
    pub(super) async fn all(&self, rows: &[(&Row, &Key)]) -> Result<Vec<Look>, PortError> {
        let keys: Vec<Key> = rows.iter().map(|(_, key)| (*key).clone()).collect();
        let items = self.journal.read(&keys).await?;
        let mut looks = Vec::with_capacity(rows.len());
        let mut keys = Vec::with_capacity(rows.len() * 2);
        for ((row, _), item) in rows.iter().zip(items) {
            let reference = self.reference(row.number, item.as_ref())?;
            keys.push(key::record(&reference));
            keys.push(key::row(&reference, &self.import.event(row.number)));
            looks.push(reference);
        }
        let mut items = self.journal.read(&keys).await?.into_iter();
        let look = |reference| {
            let (record, line) = (items.next().flatten(), items.next().flatten());
            Ok(Look {
                reference,
                found: found(record.as_ref())?,
                line: line.as_ref().map(decoded).transpose()?,
            })
        };
        looks.into_iter().map(look).collect()
    }

    fn reference(&self, row: u64, item: Option<&Item>) -> Result<RecordRef, PortError> {
        let record = match item {
            Some(item) => decoded::<KeyItem>(item)?.record,
            None => self.new_id(row)?,
        };
        Ok(RecordRef {
            tenant: self.import.tenant.clone(),
            record_type: self.import.record_type.clone(),
            record,
        })
    }

    /// The id of the record that a row begins: the same in every run, so that a row whose record
    /// was deleted since does not begin it again. Rows of an import lie together.
    fn new_id(&self, row: u64) -> Result<RecordId, PortError> {
        let import = &self.import;
        let parts = [
            import.tenant.as_str(),
            import.record_type.as_str(),
            import.id.as_str(),
        ];
        let start = hash::keyed(self.identity_key, &parts.map(str::as_bytes));
        let start: String = start.chars().take(hash::BASE32_LEN - ROW_DIGITS).collect();
        RecordId::new(&format!("{start}{row:0ROW_DIGITS$}"))
            .map_err(|error| PortError::Unavailable(error.to_string()))
    }
}

/// The digits of a row in the id of the record that it begins.
const ROW_DIGITS: usize = 9;

/// The values of the natural key in their normal form; `None`: one is unset or wrong.
pub(super) fn key_values(
    definition: &RecordDefinition,
    values: &Map<String, Json>,
) -> Option<Map<String, Json>> {
    let of_key = |name: &String| Some((name.clone(), definition.fields.get(name)?.field.clone()));
    let fields: BTreeMap<_, _> = definition.key.iter().filter_map(of_key).collect();
    let set = |name: &String| values.get(name).is_some_and(|value| !value.is_null());
    if !definition.key.iter().all(set) {
        return None;
    }
    field::accept_all(&fields, values, Unknown::Dropped).ok()
}

fn found(item: Option<&Item>) -> Result<Option<(Record, u64)>, PortError> {
    let Some(item) = item else { return Ok(None) };
    let record: Record = decoded(item)?;
    Ok(Some((record, item.revision)))
}

fn decoded<T: DeserializeOwned>(item: &Item) -> Result<T, PortError> {
    serde_json::from_str(&item.body).map_err(|error| PortError::Unavailable(error.to_string()))
}
