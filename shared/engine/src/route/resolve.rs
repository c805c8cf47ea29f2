//! The records that a source's event speaks of: found by their keys, or created.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::count;
use super::duplicate::ask_about_duplicates;
use crate::definition::model::{MappedValue, Pack, RecordDefinition, RecordMapping, Source};
use crate::event::{EventMessage, Lineage, MappedRecord};
use crate::field::Violation;
use crate::hash;
use crate::id::RecordRef;
use crate::key;
use crate::name::{RecordId, RecordType};
use crate::port::{
    Clock, CommitError, DefinitionsError, Entropy, Expect, Journal, PortError, Ports, Secrets,
    Write,
};
use crate::record::{
    Author, InvalidRecord, LastChange, Record, Resolution, create, find_record, key_writes, resolve,
};

/// How often a record that another event is creating is looked up again.
const MAX_RACES: u32 = 10;

/// The records of an event.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Ids by `as` names.
    pub records: BTreeMap<String, RecordId>,
    /// The records in the order of their mappings.
    pub references: Vec<RecordRef>,
    /// The owning record.
    pub owner: Option<RecordRef>,
}

/// Why an event cannot be routed now.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Several records match: a person decides, and the whole event waits.
    #[error("the values of `{name}` match several records")]
    Ambiguous {
        /// The mapping.
        name: String,
        /// The record type.
        record_type: RecordType,
        /// The records.
        candidates: Vec<RecordId>,
    },
    /// The values are not a record: a person decides.
    #[error("the values of `{name}` are no {record_type}")]
    Invalid {
        /// The mapping.
        name: String,
        /// The record type.
        record_type: String,
        /// What is wrong.
        violations: Vec<Violation>,
        /// An invariant that does not hold.
        invariant: Option<String>,
    },
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A definition cannot be had.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
    /// What was seen kept changing.
    #[error("what this delivery saw kept changing")]
    Contended,
}

impl Trouble {
    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous { .. } => "AmbiguousRecord",
            Self::Invalid { .. } => "InvalidRecord",
            Self::Port(error) => error.code(),
            Self::Definitions(error) => error.code(),
            Self::Contended => "Contended",
        }
    }
}

/// Resolves every record of an event, in the order of the source's mappings.
///
/// # Errors
/// [`Trouble`] when a record is ambiguous, invalid, or the store fails.
pub(super) async fn resolve_all<P: Ports>(
    ports: &P,
    pack: &Pack,
    source: &Source,
    mapped: &[MappedRecord],
    message: &EventMessage,
) -> Result<Resolved, Trouble> {
    let mut resolved = Resolved::default();
    for record in mapped {
        let mapping = source
            .records
            .iter()
            .find(|mapping| mapping.name == record.name);
        let definition = mapping.and_then(|mapping| pack.records.get(&mapping.record));
        let (Some(mapping), Some(definition)) = (mapping, definition) else {
            continue;
        };
        let values = with_references(mapping, &record.values, &resolved.records);
        let found = match chosen(ports.journal(), mapping, message).await? {
            Some(chosen) => Some(chosen),
            None => find_or_create(ports, source, mapping, definition, &values, message).await?,
        };
        let Some(id) = found else { continue };
        let reference = RecordRef {
            tenant: message.tenant.clone(),
            record_type: definition.name.clone(),
            record: id.clone(),
        };
        if mapping.create {
            ask_about_duplicates(ports, pack, source, definition, &reference, message).await?;
        }
        resolved.records.insert(mapping.name.clone(), id);
        resolved.references.push(reference.clone());
        if mapping.owns {
            resolved.owner = Some(reference);
        }
    }
    Ok(resolved)
}

/// The record that a person chose, where it is still there.
async fn chosen<J: Journal>(
    journal: &J,
    mapping: &RecordMapping,
    message: &EventMessage,
) -> Result<Option<RecordId>, PortError> {
    let choices = message.resubmitted.as_ref().map(|again| &again.records);
    let Some(record) = choices.and_then(|records| records.get(&mapping.name)) else {
        return Ok(None);
    };
    let reference = RecordRef {
        tenant: message.tenant.clone(),
        record_type: mapping.record.clone(),
        record: record.clone(),
    };
    let found = find_record(journal, &reference).await?;
    let there = found.filter(|(record, _)| !record.deleted);
    Ok(there.map(|(record, _)| record.id))
}

/// The values with the ids of the records that earlier mappings found.
fn with_references(
    mapping: &RecordMapping,
    values: &Map<String, Json>,
    records: &BTreeMap<String, RecordId>,
) -> Map<String, Json> {
    let reference = |(field, value): &(String, MappedValue)| match value {
        MappedValue::Record(name) => {
            Some((field.clone(), Json::String(records.get(name)?.to_string())))
        }
        MappedValue::Request(_) => None,
    };
    let mut values = values.clone();
    values.extend(mapping.map.iter().filter_map(reference));
    values
}

async fn find_or_create<P: Ports>(
    ports: &P,
    source: &Source,
    mapping: &RecordMapping,
    definition: &RecordDefinition,
    values: &Map<String, Json>,
    message: &EventMessage,
) -> Result<Option<RecordId>, Trouble> {
    let (tenant, identity_key) = (&message.tenant, ports.secrets().identity_key());
    for _ in 0..MAX_RACES {
        match resolve(
            ports.journal(),
            identity_key,
            tenant,
            definition,
            mapping.by,
            values,
        )
        .await?
        {
            Resolution::One(id) => return Ok(Some(id)),
            Resolution::None if !mapping.create => return Ok(None),
            Resolution::Several(candidates) => {
                return Err(Trouble::Ambiguous {
                    name: mapping.name.clone(),
                    record_type: mapping.record.clone(),
                    candidates,
                });
            }
            Resolution::None => {}
        }
        let record = new_record(ports, source, mapping, definition, values, message)?;
        let writes = creation(identity_key, definition, &record, message)?;
        match ports.journal().commit(writes).await {
            Ok(()) => {
                count::created(ports, source, definition, message);
                return Ok(Some(record.id));
            }
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Port(error)) => return Err(error.into()),
        }
    }
    Err(Trouble::Contended)
}

fn new_record<P: Ports>(
    ports: &P,
    source: &Source,
    mapping: &RecordMapping,
    definition: &RecordDefinition,
    values: &Map<String, Json>,
    message: &EventMessage,
) -> Result<Record, Trouble> {
    let (name, record_type) = (mapping.name.clone(), definition.name.to_string());
    let by = LastChange {
        by: Author::Source(source.name.clone()),
        event: message.event.id.clone(),
        step: None,
        version: None,
        lineage: Lineage::default(),
        bulk: false,
    };
    let id = RecordId::new(&hash::random_id(
        ports.clock().now(),
        ports.entropy().bits(),
    ))
    .map_err(|error| PortError::Unavailable(error.to_string()))?;
    create(definition, id, values, by, ports.clock().now()).map_err(|invalid| match invalid {
        InvalidRecord::Fields(violations) => Trouble::Invalid {
            name,
            record_type,
            violations,
            invariant: None,
        },
        InvalidRecord::Invariant(rule) => Trouble::Invalid {
            name,
            record_type,
            violations: Vec::new(),
            invariant: Some(rule),
        },
    })
}

/// The writes of a new record: its keys, itself, and the line of its creation.
fn creation(
    identity_key: &[u8; 32],
    definition: &RecordDefinition,
    record: &Record,
    message: &EventMessage,
) -> Result<Vec<Write>, PortError> {
    let reference = record.reference(&message.tenant);
    let line = CreationLine {
        event: &message.event.id,
        by: &record.last_change.by,
        at: record.created_at,
        fields: &record.fields,
    };
    let mut writes = key_writes(identity_key, &message.tenant, definition, None, record);
    let place = key::creation(&reference, &message.event.id);
    writes.push(Write::put(key::record(&reference), Expect::Absent, record)?);
    writes.push(Write::put(place, Expect::Absent, &line)?);
    Ok(writes)
}

/// The line of a record's creation by a source.
#[derive(serde::Serialize)]
struct CreationLine<'a> {
    event: &'a crate::id::EventId,
    by: &'a Author,
    at: Timestamp,
    fields: &'a Map<String, Json>,
}
