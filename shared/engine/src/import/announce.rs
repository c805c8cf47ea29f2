//! What a bulk operation tells to workflows that want its records together: for each part of it,
//! one event for each such workflow, with the ids of the records that its triggers want.
//!
//! It is told from the lines of the rows, so a part that is applied again tells the same, under the
//! same id, and is routed once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::decide::{Decided, Rules};
use super::{Batch, ImportError, RowLine, Verdict};
use crate::definition::model::{Bulk, RecordChange, Trigger, Workflow};
use crate::event::{BATCH_EVENT, BATCH_RECORDS, Event, EventMessage, Lineage, Origin};
use crate::id::{EventId, RecordRef};
use crate::name::RecordId;
use crate::port::{Definitions, Outgoing, PortError, Ports, Queue, QueueName};
use crate::record::FieldChange;
use crate::route::{starts, versions};

/// Tells workflows that want the records of a part together.
pub(super) async fn announce<P: Ports>(
    ports: &P,
    rules: &Rules<'_>,
    batch: &Batch,
    decided: &[Decided],
) -> Result<(), ImportError> {
    if !batch.import.is_bulk() {
        return Ok(());
    }
    let home = batch.import.home();
    let home = home.map_err(|error| PortError::Unavailable(error.to_string()))?;
    let (definitions, tenant) = (ports.definitions(), &batch.import.tenant);
    let live = definitions.live(tenant).await?.unwrap_or_default();
    let canaries = definitions.canaries(tenant).await?;
    let mut messages = Vec::new();
    for pack in versions(&live, &canaries, &home).iter() {
        let all = pack.workflows.values();
        for workflow in all.filter(|workflow| workflow.bulk == Bulk::Batch) {
            let records = wanted(workflow, rules, decided);
            if !records.is_empty() {
                messages.push(message(rules, batch, &home, workflow, records)?);
            }
        }
    }
    if !messages.is_empty() {
        ports.queue().send(messages).await?;
    }
    Ok(())
}

/// The records whose change a trigger of a workflow wants, in the order of the rows.
fn wanted<'d>(workflow: &Workflow, rules: &Rules<'_>, decided: &'d [Decided]) -> Vec<&'d RecordId> {
    let mut seen = BTreeSet::new();
    let wants = |line: &RowLine| {
        let Some((on, event)) = change(rules, line) else {
            return false;
        };
        let mut triggers = workflow.triggers.iter();
        triggers.any(|trigger| match trigger {
            Trigger::Record(trigger) => starts(trigger, &rules.definition.name, on, &event),
            Trigger::Event { .. } => false,
        })
    };
    decided
        .iter()
        .filter(|one| one.line.as_ref().is_some_and(wants))
        .filter_map(|one| one.outcome.record.as_ref())
        .filter(|record| seen.insert(*record))
        .collect()
}

/// What a row did, as triggers see it: of an update, the fields that changed.
fn change(rules: &Rules<'_>, line: &RowLine) -> Option<(RecordChange, Event)> {
    let side = |of: fn(&FieldChange) -> &Json| -> Json {
        let fields = line.changes.iter();
        fields
            .map(|change| (change.field.clone(), of(change).clone()))
            .collect::<Map<_, _>>()
            .into()
    };
    let (on, before, after) = match line.verdict() {
        Verdict::Created => {
            let mut after = line.fields.clone().unwrap_or_default();
            after.insert("status".to_owned(), rules.definition.initial.clone().into());
            (RecordChange::Created, None, after.into())
        }
        Verdict::Updated => {
            let before = side(|change| &change.old);
            (
                RecordChange::Updated,
                Some(before),
                side(|change| &change.new),
            )
        }
        Verdict::Unchanged | Verdict::Review | Verdict::Refused => return None,
    };
    let changed = line.changes.iter().map(|change| change.field.clone());
    let event = Event {
        id: line.event.clone(),
        name: String::new(),
        at: line.at,
        data: Map::new(),
        before,
        after: Some(after),
        asked: None,
        changed: changed.collect(),
    };
    Some((on, event))
}

fn message(
    rules: &Rules<'_>,
    batch: &Batch,
    home: &RecordRef,
    workflow: &Workflow,
    records: Vec<&RecordId>,
) -> Result<Outgoing, PortError> {
    let first = batch.rows.first().map_or(0, |row| row.number);
    let last = batch.rows.last().map_or(0, |row| row.number);
    let ids = records.into_iter().map(|id| Json::from(id.as_str()));
    let data = [(BATCH_RECORDS.to_owned(), ids.collect())];
    let message = EventMessage {
        tenant: home.tenant.clone(),
        event: Event {
            id: EventId::of_rows(&batch.import.id, (first, last), &workflow.name),
            name: BATCH_EVENT.to_owned(),
            at: rules.now,
            data: data.into_iter().collect(),
            before: None,
            after: None,
            asked: None,
            changed: Vec::new(),
        },
        origin: Origin::Batch {
            home: home.clone(),
            workflow: workflow.name.clone(),
        },
        lineage: Lineage::default(),
        resubmitted: None,
    };
    let body = serde_json::to_string(&message)
        .map_err(|error| PortError::Unavailable(error.to_string()))?;
    Ok(Outgoing {
        queue: QueueName::events(),
        body,
        delay: Duration::ZERO,
        tenant: home.tenant.clone(),
        created: rules.now,
    })
}
