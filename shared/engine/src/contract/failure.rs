//! What a person sees of a step that did not succeed: error records and review items.

use jiff::Timestamp;

use super::settle::shortened;
use super::view::View;
use crate::definition::model::{Severity, Workflow};
use crate::entry::{ErrorSummary, Progress};
use crate::envelope::Envelope;
use crate::key;
use crate::operation::{ERROR, ErrorRecord, Handling, REVIEW, ReviewItem, ReviewKind, bounded};
use crate::port::{Delivery, Key, PortError, Write};

/// A failure of a step.
#[derive(Debug, Clone)]
pub(super) struct Failure<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) delivery: &'a Delivery,
    pub(super) severity: Severity,
    pub(super) progress: Progress,
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    pub(super) now: Timestamp,
    /// Until when it may still mend itself.
    pub(super) quiet_until: Option<Timestamp>,
}

impl Failure<'_> {
    pub(super) fn severity(workflow: Option<&Workflow>) -> Severity {
        workflow.map_or(Severity::P1, |workflow| workflow.severity)
    }

    pub(super) fn error_id(&self) -> String {
        ErrorRecord::id_of(&self.envelope.key(), self.code)
    }

    pub(super) fn error_key(&self) -> Key {
        key::operation(
            &self.envelope.execution.home.tenant,
            ERROR,
            &self.error_id(),
        )
    }

    /// The write of the error record: new, or once more and open.
    pub(super) fn error_write(&self, view: &View) -> Result<Write, PortError> {
        let key = self.error_key();
        let record = self.error_record();
        let earlier = view.body::<ErrorRecord>(&key)?;
        let record =
            earlier.map_or_else(|| record.clone(), |earlier| record.clone().again(&earlier));
        view.put(&key, &record)
    }

    fn error_record(&self) -> ErrorRecord {
        let envelope = self.envelope;
        ErrorRecord {
            id: self.error_id(),
            code: self.code.to_owned(),
            message: self.message.to_owned(),
            severity: self.severity,
            handling: Handling {
                quiet_until: self.quiet_until,
                ..Handling::opened(self.now, self.severity)
            },
            function: self.delivery.queue.to_string(),
            execution: Some(envelope.execution.clone()),
            step: Some(envelope.step.clone()),
            version: Some(envelope.manifest.to_string()),
            tenant: Some(envelope.execution.home.tenant.clone()),
            attempt: self.progress.attempt,
            first_at: self.now,
            last_at: self.now,
            count: 1,
            message_id: Some(self.delivery.message_id.clone()),
            created: Some(self.delivery.created),
            envelope: bounded(&self.delivery.body),
        }
    }

    /// What the step's entry says of it; `id` is the error record's or the review item's.
    pub(super) fn summary(&self, id: String) -> ErrorSummary {
        ErrorSummary {
            id,
            code: self.code.to_owned(),
            message: shortened(self.message),
        }
    }

    pub(super) fn review_key(&self) -> Key {
        key::operation(
            &self.envelope.execution.home.tenant,
            REVIEW,
            &self.review_id(),
        )
    }

    pub(super) fn review_id(&self) -> String {
        ErrorRecord::id_of(&self.envelope.key(), "review")
    }

    /// The write of the review item; an open one is asked again, a settled one is reopened.
    pub(super) fn review_write(&self, view: &View, kind: ReviewKind) -> Result<Write, PortError> {
        let (envelope, key) = (self.envelope, self.review_key());
        let opened = Handling::opened(self.now, self.severity);
        let handling = match view.body::<ReviewItem>(&key)? {
            Some(earlier) => opened.again(&earlier.handling),
            None => opened,
        };
        let item = ReviewItem {
            id: self.review_id(),
            kind,
            title: format!(
                "{} of {}: {}",
                envelope.step, envelope.execution, self.message
            ),
            severity: self.severity,
            handling,
            tenant: envelope.execution.home.tenant.clone(),
            at: self.now,
            function: self.delivery.queue.to_string(),
            execution: Some(envelope.execution.clone()),
            step: Some(envelope.step.clone()),
            report: serde_json::json!({
                "error": { "type": self.code, "message": self.message },
                "attempt": self.progress.attempt,
                "version": envelope.manifest.to_string(),
            }),
            subject: bounded(&self.delivery.body),
        };
        view.put(&key, &item)
    }
}

/// Whether an error record was seen to be open.
pub(super) fn is_open(view: &View, key: &Key) -> bool {
    let record = view.body::<ErrorRecord>(key).ok().flatten();
    record.is_some_and(|record| record.handling.needs_someone())
}

/// The write that closes an error record, if it is there and open.
pub(super) fn close(view: &View, key: &Key, now: Timestamp) -> Result<Option<Write>, PortError> {
    match view.body::<ErrorRecord>(key)? {
        Some(record) if record.handling.needs_someone() => view
            .put(
                key,
                &ErrorRecord {
                    handling: record.handling.closed(now),
                    ..record
                },
            )
            .map(Some),
        _ => Ok(None),
    }
}
