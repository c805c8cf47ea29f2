//! Operations: what a person should see, error records and review items.

mod error_record;
mod handling;
mod review_item;

use crate::definition::model::Severity;
use crate::hash;
use crate::id::{ExecutionRef, StepKey};
use crate::key;
use crate::name::TenantName;
use crate::port::{Item, Key};

pub use error_record::ErrorRecord;
pub use handling::{Choice, Decision, Handling, Mark, Status};
pub use review_item::{ReviewItem, ReviewKind};

/// The kind of error records in keys.
pub const ERROR: &str = "error";

/// The kind of review items in keys.
pub const REVIEW: &str = "review";

/// The longest message that an operation keeps whole, in bytes: the rest of the item fits beside
/// it in the smallest store.
pub const MAX_SUBJECT: usize = 256 * 1024;

/// The longest message that an operation keeps whole, in bytes as the item holds it: a text within
/// JSON, where a quote is two bytes and a control character six.
const MAX_WRITTEN: usize = 352 * 1024;

/// A message as an operation keeps it: whole, or its beginning with its size and SHA-256, by which
/// the whole one is recognised in the dead-letter queue.
#[must_use]
pub fn bounded(message: &str) -> String {
    if message.len() <= MAX_SUBJECT && written(message) <= MAX_WRITTEN {
        return message.to_owned();
    }
    let beginning: String = message.chars().take(MAX_SUBJECT / 16).collect();
    serde_json::json!({
        "truncated": { "bytes": message.len(), "sha256": hash::hex(&[message.as_bytes()]) },
        "beginning": beginning,
    })
    .to_string()
}

/// The length of a text within JSON.
fn written(message: &str) -> usize {
    let byte = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    message.bytes().map(byte).sum()
}

/// An error record or a review item.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// A failure.
    Error(ErrorRecord),
    /// A decision that waits for a person.
    Review(ReviewItem),
}

impl Operation {
    /// Reads an operation that lies under a partition.
    ///
    /// # Errors
    /// When the partition is no operation's, or the item does not decode.
    pub fn decode(partition: &str, body: &str) -> Result<Self, serde_json::Error> {
        match partition.split('#').nth(1) {
            Some(ERROR) => serde_json::from_str(body).map(Self::Error),
            Some(REVIEW) => serde_json::from_str(body).map(Self::Review),
            _ => Err(serde::de::Error::custom(format!(
                "`{partition}` is no operation"
            ))),
        }
    }

    /// The body, as a store holds it.
    ///
    /// # Errors
    /// Never for what was decoded.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Error(error) => serde_json::to_string(error),
            Self::Review(item) => serde_json::to_string(item),
        }
    }

    /// The key of its item.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Review(item) => key::operation(&item.tenant, REVIEW, &item.id),
            Self::Error(error) => match &error.tenant {
                Some(tenant) => key::operation(tenant, ERROR, &error.id),
                None => key::unowned_error(&error.id),
            },
        }
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Error(error) => &error.id,
            Self::Review(item) => &item.id,
        }
    }

    /// The kind as people see it: `failed-step`, or that of the review item.
    #[must_use]
    pub fn kind(&self) -> ReviewKind {
        match self {
            Self::Error(_) => ReviewKind::FailedStep,
            Self::Review(item) => item.kind,
        }
    }

    /// The stable name of what happened: a failure's code, a review item's kind.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Error(error) => &error.code,
            Self::Review(item) => item.kind.name(),
        }
    }

    /// What happened.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Error(error) => &error.message,
            Self::Review(item) => &item.title,
        }
    }

    /// The tenant, where it could be read.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantName> {
        match self {
            Self::Error(error) => error.tenant.as_ref(),
            Self::Review(item) => Some(&item.tenant),
        }
    }

    /// The function.
    #[must_use]
    pub fn function(&self) -> &str {
        match self {
            Self::Error(error) => &error.function,
            Self::Review(item) => &item.function,
        }
    }

    /// How urgent it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Error(error) => error.severity,
            Self::Review(item) => item.severity,
        }
    }

    /// What was done about it.
    #[must_use]
    pub fn handling(&self) -> &Handling {
        match self {
            Self::Error(error) => &error.handling,
            Self::Review(item) => &item.handling,
        }
    }

    /// What was done about it, to be changed.
    pub fn handling_mut(&mut self) -> &mut Handling {
        match self {
            Self::Error(error) => &mut error.handling,
            Self::Review(item) => &mut item.handling,
        }
    }

    /// The execution, of a step's operation.
    #[must_use]
    pub fn execution(&self) -> Option<&ExecutionRef> {
        match self {
            Self::Error(error) => error.execution.as_ref(),
            Self::Review(item) => item.execution.as_ref(),
        }
    }

    /// The step.
    #[must_use]
    pub fn step(&self) -> Option<&StepKey> {
        match self {
            Self::Error(error) => error.step.as_ref(),
            Self::Review(item) => item.step.as_ref(),
        }
    }

    /// The message or request that it is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Error(error) => &error.envelope,
            Self::Review(item) => &item.subject,
        }
    }
}

/// An operation as a store holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The operation.
    pub operation: Operation,
    /// Its item: writes are conditioned on it.
    pub item: Item,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_too_large_is_kept_by_its_beginning_and_its_hash() {
        assert_eq!(bounded("short"), "short");
        let long = "ä\u{1}".repeat(MAX_SUBJECT);
        let kept = bounded(&long);
        assert!(kept.len() <= MAX_SUBJECT, "{} bytes", kept.len());
        assert!(kept.contains(&hash::hex(&[long.as_bytes()])));
    }

    #[test]
    fn a_message_is_as_large_as_it_is_written() {
        for message in ["\"\\/\n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}é\u{2028}", ""] {
            let written_out = serde_json::to_string(message).unwrap();
            assert_eq!(written(message) + 2, written_out.len());
        }
        let quotes = "\"".repeat(MAX_WRITTEN / 2);
        assert_eq!(bounded(&quotes), quotes);
        let more = format!("{quotes}\"");
        assert!(more.len() < MAX_SUBJECT && bounded(&more).len() < MAX_WRITTEN / 2);
    }
}
