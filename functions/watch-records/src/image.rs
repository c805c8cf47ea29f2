//! A change as the change feed delivers it: the record before and after.

use holdfast_engine::id::RecordRef;
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
}

#[derive(Deserialize)]
struct Feed {
    partition: String,
    revision: u64,
    old: Option<Record>,
    new: Option<Record>,
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
}
