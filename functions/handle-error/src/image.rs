//! A change as the change feed delivers it: an operation before and after.

use holdfast_engine::operation::Operation;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A change of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// The operation before; absent when it is new.
    pub old: Option<Operation>,
    /// The operation after; absent when the item is gone.
    pub new: Option<Operation>,
}

#[derive(Deserialize)]
struct Feed<'a> {
    partition: String,
    #[serde(borrow)]
    old: Option<&'a RawValue>,
    #[serde(borrow)]
    new: Option<&'a RawValue>,
}

impl Image {
    /// Reads a message of the change feed.
    ///
    /// # Errors
    /// When it is not JSON of that form, or its partition is not an operation's.
    pub fn decode(body: &str) -> Result<Self, serde_json::Error> {
        let feed: Feed<'_> = serde_json::from_str(body)?;
        let read = |raw: Option<&RawValue>| {
            let decoded = raw.map(|raw| Operation::decode(&feed.partition, raw.get()));
            decoded.transpose()
        };
        Ok(Self {
            old: read(feed.old)?,
            new: read(feed.new)?,
        })
    }
}
