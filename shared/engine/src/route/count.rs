//! What routing counts of the records that events create.

use crate::definition::model::{RecordDefinition, Source};
use crate::event::EventMessage;
use crate::port::{Clock, Ports};
use crate::quality::RecordCounts;

/// Counts a record that was created.
pub(super) fn created<P: Ports>(
    ports: &P,
    source: &Source,
    definition: &RecordDefinition,
    message: &EventMessage,
) {
    count(ports, source, definition, message, |of| of.created += 1);
}

/// Counts a record of which a person was asked whether it is a duplicate.
pub(super) fn duplicate<P: Ports>(
    ports: &P,
    source: &Source,
    definition: &RecordDefinition,
    message: &EventMessage,
) {
    count(ports, source, definition, message, |of| of.duplicates += 1);
}

fn count<P: Ports>(
    ports: &P,
    source: &Source,
    definition: &RecordDefinition,
    message: &EventMessage,
    count: impl FnOnce(&mut RecordCounts),
) {
    let now = ports.clock().now();
    let counted = ports.quality();
    counted.count(&message.tenant, &source.name, now, |counts| {
        count(counts.records.entry(definition.name.clone()).or_default());
    });
}
