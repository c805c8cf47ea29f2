//! The line that a change past Holdfast leaves in the journal: the audit of what no step and no
//! source says of itself.

use holdfast_engine::event::Event;
use holdfast_engine::key;
use holdfast_engine::port::{CommitError, Expect, Journal, PortError, Ports, Write};
use holdfast_engine::record::{Author, FieldChange, Record, differences};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::Image;

/// The line, as timelines read it.
#[derive(Serialize)]
struct Line<'a> {
    event: &'a holdfast_engine::id::EventId,
    by: Author,
    at: Timestamp,
    /// The first values, of a record that was put there.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a Map<String, Json>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<FieldChange>,
}

/// Journals a change past Holdfast. A change that is delivered again has its line already.
pub(crate) async fn journal<P: Ports>(
    ports: &P,
    image: &Image,
    event: &Event,
) -> Result<(), PortError> {
    let (before, after) = (image.before(), image.after());
    let line = Line {
        event: &event.id,
        by: Author::External,
        at: event.at,
        fields: after.filter(|_| before.is_none()).map(|new| &new.fields),
        changes: changes(before, after),
    };
    let write = Write::put(
        key::external(&image.record, &event.id),
        Expect::Absent,
        &line,
    )?;
    let committed = ports.journal().commit(vec![write]).await;
    committed.or_else(CommitError::unless_written)
}

/// What changed; of a record that was taken away, everything.
fn changes(before: Option<&Record>, after: Option<&Record>) -> Vec<FieldChange> {
    let gone = |record: &Record| {
        let fields = record.fields.iter();
        let fields = fields.map(|(field, old)| (field.clone(), old.clone()));
        let status = ("status".to_owned(), Json::from(record.status.as_str()));
        let change = |(field, old)| FieldChange {
            field,
            old,
            new: Json::Null,
        };
        fields.chain([status]).map(change).collect()
    };
    match (before, after) {
        (Some(old), Some(new)) => differences(old, new),
        (Some(old), None) => gone(old),
        (None, _) => Vec::new(),
    }
}
