//! A change as the change feed delivers it: the record before and after.

use holdfast_engine::id::{EventId, RecordRef};
use holdfast_engine::record::Record;
use serde::Deserialize;

/// A change of a record item.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Which record.
    pub record: RecordRef,
    /// The item's revision after the change.
    pub revision: u64,
    /// The record before; absent when it is new.
    pub old: Option<Record>,
    /// The record after; absent when the item is gone.
    pub new: Option<Record>,
    /// The change's number in its stream, where the revision was not raised by one.
    pub sequence: Option<String>,
}

#[derive(Deserialize)]
struct Feed {
    partition: String,
    revision: u64,
    old: Option<Record>,
    new: Option<Record>,
    #[serde(default)]
    sequence: Option<String>,
}

impl Image {
    /// Reads a message of the change feed.
    ///
    /// # Errors
    /// When it is not JSON of that form, or its partition is not a record's.
    pub fn decode(body: &str) -> Result<Self, serde_json::Error> {
        let feed: Feed = serde_json::from_str(body)?;
        let record = feed
            .partition
            .replace('#', "/")
            .parse()
            .map_err(serde::de::Error::custom)?;
        Ok(Self {
            record,
            revision: feed.revision,
            old: feed.old,
            new: feed.new,
            sequence: feed.sequence,
        })
    }

    /// The record before the change; a tombstone is none.
    #[must_use]
    pub fn before(&self) -> Option<&Record> {
        self.old.as_ref().filter(|record| !record.deleted)
    }

    /// The record after the change; a tombstone is none.
    #[must_use]
    pub fn after(&self) -> Option<&Record> {
        self.new.as_ref().filter(|record| !record.deleted)
    }

    /// Whether the change was made past Holdfast, which raises the revision by one and says who
    /// changed the record and when. A step that is re-run says the same of who: its time differs.
    #[must_use]
    pub fn is_external(&self) -> bool {
        let said = |record: &Record| (record.last_change.clone(), record.updated_at);
        let both = self.old.as_ref().zip(self.new.as_ref());
        self.sequence.is_some() || both.is_some_and(|(old, new)| said(old) == said(new))
    }

    /// The id of the event that the change is.
    #[must_use]
    pub fn event_id(&self) -> EventId {
        match &self.sequence {
            Some(sequence) => EventId::of_external(&self.record, self.revision, sequence),
            None => EventId::of_record(&self.record, self.revision),
        }
    }
}
