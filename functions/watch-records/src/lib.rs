//! Turns record changes into events.

mod external;
mod image;

use holdfast_engine::definition::model::RecordChange;
use holdfast_engine::event::{Event, EventMessage, Lineage, Origin};
use holdfast_engine::port::{
    Clock, Definitions, DefinitionsError, Delivery, Outgoing, Ports, Queue, QueueName, Verdict,
};
use holdfast_engine::record::differences;
use holdfast_engine::route::{versions, wants};
use holdfast_engine::undeliverable;
use jiff::Timestamp;

pub use image::Image;

/// Handles one change from the change feed.
pub async fn handle<P: Ports>(ports: &P, delivery: &Delivery) -> Verdict {
    let image = match Image::decode(&delivery.body) {
        Ok(image) => image,
        Err(error) => return undeliverable::refuse(ports, delivery, &error.to_string()).await,
    };
    match tell(ports, &image, delivery.created).await {
        Ok(()) => Verdict::Acknowledge,
        Err(error) => {
            let (tenant, message) = (&image.record.tenant, error.to_string());
            undeliverable::postpone(ports, delivery, Some(tenant), error.code(), &message).await
        }
    }
}

/// Journals what was changed past Holdfast, and publishes the event that a change is.
async fn tell<P: Ports>(ports: &P, image: &Image, seen: Timestamp) -> Result<(), DefinitionsError> {
    let Some(message) = event_of(image, seen) else {
        return Ok(());
    };
    if image.is_external() {
        external::journal(ports, image, &message.event).await?;
    }
    publish(ports, &message).await
}

/// Publishes an event, if any live workflow could want it.
async fn publish<P: Ports>(ports: &P, message: &EventMessage) -> Result<(), DefinitionsError> {
    let Origin::Record { record, on, bulk } = &message.origin else {
        return Ok(());
    };
    let live = ports.definitions().live(&record.tenant).await?;
    let canaries = ports.definitions().canaries(&record.tenant).await?;
    let packs = versions(&live.unwrap_or_default(), &canaries, record);
    if !packs
        .iter()
        .any(|pack| wants(pack, &record.record_type, *on, *bulk))
    {
        return Ok(());
    }
    let body = serde_json::to_string(message)
        .map_err(|error| holdfast_engine::port::PortError::Unavailable(error.to_string()))?;
    let outgoing = Outgoing {
        queue: QueueName::events(),
        body,
        delay: std::time::Duration::ZERO,
        tenant: record.tenant.clone(),
        created: ports.clock().now(),
    };
    Ok(ports.queue().send(vec![outgoing]).await?)
}

/// The event that a change is, with when it was seen; `None` when nothing that an event speaks of
/// changed. Whoever changed a record past Holdfast began something new, and said no time.
#[must_use]
pub fn event_of(image: &Image, seen: Timestamp) -> Option<EventMessage> {
    let (before, after) = (image.before(), image.after());
    let (on, name) = match (before, after) {
        (None, Some(_)) => (RecordChange::Created, "record.created"),
        (Some(_), Some(_)) => (RecordChange::Updated, "record.updated"),
        (Some(_), None) => (RecordChange::Deleted, "record.deleted"),
        (None, None) => return None,
    };
    let latest = image.new.as_ref().or(image.old.as_ref())?;
    let changes = before
        .zip(after)
        .map(|(old, new)| differences(old, new))
        .unwrap_or_default();
    if on == RecordChange::Updated && changes.is_empty() {
        return None;
    }
    let (at, lineage, bulk) = if image.is_external() {
        (seen, Lineage::default(), false)
    } else {
        let last = &latest.last_change;
        (latest.updated_at, last.lineage.clone(), last.bulk)
    };
    let event = Event {
        id: image.event_id(),
        name: name.to_owned(),
        at,
        data: serde_json::Map::new(),
        before: before.map(holdfast_engine::record::Record::snapshot),
        after: after.map(holdfast_engine::record::Record::snapshot),
        asked: None,
        changed: changes.into_iter().map(|change| change.field).collect(),
    };
    Some(EventMessage {
        tenant: image.record.tenant.clone(),
        event,
        origin: Origin::Record {
            record: image.record.clone(),
            on,
            bulk,
        },
        lineage,
        resubmitted: None,
    })
}
