//! Reading what a timeline is made of.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::Glossary;
use super::change::ChangeItem;
use super::draft::{Drafts, rank};
use super::line::{RecordPart, Timeline, What};
use super::person::decisions_about;
use super::step::StepPlace;
use super::waiting::waiting;
use crate::entry::StepEntry;
use crate::id::{EventId, RecordRef, SOURCE_TYPE};
use crate::import::Progress;
use crate::key::{self, EXECUTION_PREFIX, OUTCOME_PREFIX};
use crate::name::{RecordId, RecordType, TenantName};
use crate::operate::{DECISION_PREFIX, DecisionEntry};
use crate::operation::{ErrorRecord, REVIEW, ReviewItem};
use crate::port::{Journal, Key, PortError, Row, Table};
use crate::promise::OutcomeEntry;
use crate::record::Record;
use crate::route::EventEntry;

/// Items read at once.
const PAGE: usize = 500;

/// Why there is no timeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    /// An item of the journal is not what its key says.
    #[error("the journal's item `{0}` does not decode: {1}")]
    Undecodable(String, String),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// The items of a partition by what they are.
#[derive(Debug, Default)]
struct Items {
    record: Option<Record>,
    import: Option<Progress>,
    events: BTreeMap<EventId, EventEntry>,
    changes: Vec<(String, ChangeItem)>,
    steps: Vec<(StepPlace, StepEntry)>,
    decisions: Vec<(String, DecisionEntry)>,
    outcomes: Vec<(String, OutcomeEntry)>,
}

/// The whole timeline of a record.
///
/// # Errors
/// [`TimelineError`] when the journal cannot be read.
pub async fn of_record<J: Journal>(
    journal: &J,
    home: &RecordRef,
    glossary: &Glossary,
) -> Result<Timeline, TimelineError> {
    tell(journal, home, None, glossary).await
}

/// The timeline in which an event lies; where that is a source's, the event alone. `None`: there
/// is no such event.
///
/// # Errors
/// [`TimelineError`] when the journal cannot be read.
pub async fn of_event<J: Journal>(
    journal: &J,
    tenant: &TenantName,
    event: &EventId,
    glossary: &Glossary,
) -> Result<Option<Timeline>, TimelineError> {
    let entry = find_event(journal, tenant, event).await?;
    let reviews = reviews(journal, tenant, event).await?;
    match entry {
        Some(entry) => {
            let home = entry.home.clone();
            Ok(Some(tell(journal, &home, Some(entry), glossary).await?))
        }
        None if reviews.is_empty() => Ok(None),
        None => {
            let mut drafts = Drafts::default();
            for item in reviews {
                drafts.review(event, item);
            }
            for row in decisions_about(journal, tenant, event).await? {
                drafts.person(&row.sort, &decode(&row.sort, &row.item.body)?);
            }
            let mut timeline = Timeline {
                of: event.to_string(),
                record: None,
                import: None,
                lines: drafts.told(),
            };
            glossary.masks().apply("", &mut timeline);
            Ok(Some(timeline))
        }
    }
}

/// An event's entry: a source's by its own partition, a record's by that of its record.
///
/// # Errors
/// [`TimelineError`] when the journal cannot be read.
pub async fn find_event<J: Journal>(
    journal: &J,
    tenant: &TenantName,
    event: &EventId,
) -> Result<Option<EventEntry>, TimelineError> {
    let mut keys = vec![key::source_event(tenant, event)];
    keys.extend(record_of(tenant, event).map(|record| key::home_event(&record, event)));
    let found = journal.read(&keys).await?;
    let mut entries = keys.iter().zip(found);
    let first = entries.find_map(|(key, item)| Some((key, item?)));
    first
        .map(|(key, item)| decode(&key.sort, &item.body))
        .transpose()
}

/// The record whose change an event is: `<type>/<record>@<version>`.
fn record_of(tenant: &TenantName, event: &EventId) -> Option<RecordRef> {
    let (record, _version) = event.as_str().rsplit_once('@')?;
    let (record_type, record) = record.split_once('/')?;
    Some(RecordRef {
        tenant: tenant.clone(),
        record_type: RecordType::new(record_type).ok()?,
        record: RecordId::new(record).ok()?,
    })
}

async fn tell<J: Journal>(
    journal: &J,
    home: &RecordRef,
    event: Option<EventEntry>,
    glossary: &Glossary,
) -> Result<Timeline, TimelineError> {
    let mut items = Items::default();
    let only = event
        .as_ref()
        .filter(|_| home.record_type.as_str() == SOURCE_TYPE);
    let only = only.map(|entry| entry.event.id.clone());
    for row in partition(journal, home).await? {
        items.take(&row)?;
    }
    if let Some(entry) = event.as_ref().filter(|_| only.is_none()) {
        for row in decisions_about(journal, &home.tenant, &entry.event.id).await? {
            items.take(&row)?;
        }
    }
    items.add_event(event);
    for missing in items.missing_events() {
        items.add_event(find_event(journal, &home.tenant, &missing).await?);
    }
    if let Some(only) = only {
        items.keep_only(&only);
    }
    let record = items.record.as_ref().map(record_part);
    let mut timeline = Timeline {
        of: home.to_string(),
        record,
        import: items.import.take(),
        lines: items.lines(home, glossary),
    };
    glossary
        .masks()
        .apply(home.record_type.as_str(), &mut timeline);
    Ok(timeline)
}

async fn partition<J: Journal>(journal: &J, home: &RecordRef) -> Result<Vec<Row>, PortError> {
    let (partition, mut rows, mut after) = (key::home(home), Vec::new(), None);
    loop {
        let page = journal
            .query(Table::Journal, &partition, "", after.as_deref(), PAGE)
            .await?;
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

/// The review items that an event has before it is routed.
async fn reviews<J: Journal>(
    journal: &J,
    tenant: &TenantName,
    event: &EventId,
) -> Result<Vec<ReviewItem>, TimelineError> {
    let of = |function: &str| {
        let id = ErrorRecord::id_of(event.as_str(), function);
        key::operation(tenant, REVIEW, &id)
    };
    let keys: [Key; 2] = [of("receive-webhook"), of("route-event")];
    let found = journal.read(&keys).await?.into_iter().flatten();
    found
        .map(|item| decode("review", &item.body))
        .collect::<Result<_, _>>()
}

fn decode<T: DeserializeOwned>(sort: &str, body: &str) -> Result<T, TimelineError> {
    serde_json::from_str(body)
        .map_err(|error| TimelineError::Undecodable(sort.to_owned(), error.to_string()))
}

fn record_part(record: &Record) -> RecordPart {
    RecordPart {
        status: record.status.clone(),
        version: record.version,
        deleted: record.deleted,
        created_at: record.created_at,
        updated_at: record.updated_at,
        fields: record.fields.clone(),
    }
}

impl Items {
    fn take(&mut self, row: &Row) -> Result<(), TimelineError> {
        let (sort, body) = (row.sort.as_str(), row.item.body.as_str());
        if sort == key::RECORD {
            self.record = Some(decode(sort, body)?);
        } else if sort == key::IMPORT {
            self.import = Some(decode(sort, body)?);
        } else if sort.starts_with("event#") {
            self.add_event(Some(decode(sort, body)?));
        } else if sort.starts_with(DECISION_PREFIX) {
            self.decisions.push((sort.to_owned(), decode(sort, body)?));
        } else if let Some(rest) = sort.strip_prefix("change#") {
            self.changes.push((rest.to_owned(), decode(sort, body)?));
        } else if let Some(execution) = sort.strip_prefix(OUTCOME_PREFIX) {
            self.outcomes
                .push((execution.to_owned(), decode(sort, body)?));
        } else if let Some(rest) = sort.strip_prefix(EXECUTION_PREFIX) {
            let place = StepPlace::read(rest).ok_or_else(|| {
                TimelineError::Undecodable(sort.to_owned(), "not a step's key".to_owned())
            })?;
            self.steps.push((place, decode(sort, body)?));
        }
        Ok(())
    }

    fn add_event(&mut self, entry: Option<EventEntry>) {
        if let Some(entry) = entry {
            self.events.entry(entry.event.id.clone()).or_insert(entry);
        }
    }

    /// The events that entries name and the partition does not hold.
    fn missing_events(&self) -> BTreeSet<EventId> {
        let steps = self.steps.iter().map(|(_, entry)| &entry.event);
        let changes = self.changes.iter().map(|(_, item)| &item.event);
        let last = self.record.iter().map(|record| &record.last_change.event);
        let outcomes = self.outcomes.iter().map(|(_, entry)| &entry.event);
        let named = steps.chain(changes).chain(outcomes).chain(last);
        let missing = named.filter(|event| !self.events.contains_key(*event));
        missing.cloned().collect()
    }

    fn keep_only(&mut self, event: &EventId) {
        self.events.retain(|id, _| id == event);
        self.changes.retain(|(_, item)| item.event == *event);
        self.steps.retain(|(_, entry)| entry.event == *event);
        let started: Vec<_> = self
            .events
            .values()
            .flat_map(|entry| entry.decisions.iter().filter_map(EventEntry::execution))
            .collect();
        self.decisions.retain(|(_, entry)| {
            let execution = entry.execution.as_ref();
            entry.event.as_ref() == Some(event) || execution.is_some_and(|it| started.contains(it))
        });
        self.outcomes.retain(|(_, entry)| entry.event == *event);
    }

    fn lines(self, home: &RecordRef, glossary: &Glossary) -> Vec<super::Line> {
        let mut drafts = Drafts::of(home);
        let waiting = waiting(&self.events, &self.steps, glossary);
        for entry in self.events.values() {
            drafts.event(entry);
        }
        for (rest, item) in self.changes {
            drafts.change(&rest, item);
        }
        for (place, entry) in self.steps {
            drafts.step(&place, entry, glossary);
        }
        for (anchor, since, part) in waiting {
            drafts.push(rank::STEP, anchor, since, What::Waiting(part));
        }
        for (sort, entry) in &self.decisions {
            drafts.person(sort, entry);
        }
        for (execution, entry) in self.outcomes {
            drafts.outcome(&execution, &entry);
        }
        drafts.told()
    }
}
