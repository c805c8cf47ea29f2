//! Turns record changes into events.

mod image;

use holdfast_engine::definition::model::RecordChange;
use holdfast_engine::event::{Event, EventMessage, Lineage, Origin};
use holdfast_engine::id::EventId;
use holdfast_engine::port::{
    Clock, Definitions, DefinitionsError, Delivery, Outgoing, Ports, Queue, QueueName, Verdict,
};
use holdfast_engine::record::differences;
use holdfast_engine::route::{versions, wants};
use holdfast_engine::undeliverable;

pub use image::Image;

/// Handles one change from the change feed.
pub async fn handle<P: Ports>(ports: &P, delivery: &Delivery) -> Verdict {
    let image = match Image::decode(&delivery.body) {
        Ok(image) => image,
        Err(error) => return undeliverable::refuse(ports, delivery, &error.to_string()).await,
    };
    match publish(ports, &image).await {
        Ok(()) => Verdict::Acknowledge,
        Err(error) => {
            let (tenant, message) = (&image.record.tenant, error.to_string());
            undeliverable::postpone(ports, delivery, Some(tenant), error.code(), &message).await
        }
    }
}

/// Publishes the event that a change is, if any live workflow could want it.
async fn publish<P: Ports>(ports: &P, image: &Image) -> Result<(), DefinitionsError> {
    let Some(message) = event_of(image) else {
        return Ok(());
    };
    let Origin::Record { record, on } = &message.origin else {
        return Ok(());
    };
    let live = ports.definitions().live(&record.tenant).await?;
    let canaries = ports.definitions().canaries(&record.tenant).await?;
    let packs = versions(&live.unwrap_or_default(), &canaries, record);
    if !packs
        .iter()
        .any(|pack| wants(pack, &record.record_type, *on))
    {
        return Ok(());
    }
    let body = serde_json::to_string(&message)
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

/// The event that a change is; `None` when nothing that an event speaks of changed.
#[must_use]
pub fn event_of(image: &Image) -> Option<EventMessage> {
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
    let external = image
        .old
        .as_ref()
        .zip(image.new.as_ref())
        .is_some_and(|(o, n)| o.last_change == n.last_change);
    let event = Event {
        id: EventId::of_record(&image.record, image.revision),
        name: name.to_owned(),
        at: latest.updated_at,
        data: serde_json::Map::new(),
        before: before.map(holdfast_engine::record::Record::snapshot),
        after: after.map(holdfast_engine::record::Record::snapshot),
        changed: changes.into_iter().map(|change| change.field).collect(),
    };
    Some(EventMessage {
        tenant: image.record.tenant.clone(),
        event,
        origin: Origin::Record {
            record: image.record.clone(),
            on,
        },
        lineage: if external {
            Lineage::default()
        } else {
            latest.last_change.lineage.clone()
        },
        resubmitted: None,
    })
}
