//! The error records of promises that were not kept.

use jiff::Timestamp;

use super::due::{Due, Promise, QUEUE};
use super::stuck::Loose;
use crate::definition::model::Severity;
use crate::entry::{ErrorSummary, Occurred, Progress, StepEntry, transition};
use crate::operation::{ErrorRecord, Handling, bounded};
use crate::port::PortError;

/// A step that its execution waits for in vain: its entry names the error record, so that its
/// success closes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stuck {
    /// The error record.
    pub record: ErrorRecord,
    /// The step's entry.
    pub entry: StepEntry,
}

/// The error record of a step that was not done by the deadline, and the entry that names it. A
/// redrive sends the step's message again.
///
/// # Errors
/// [`PortError::Unavailable`] when the message does not encode.
pub fn exceeded(
    loose: &Loose,
    what: &str,
    severity: Severity,
    now: Timestamp,
) -> Result<Option<Stuck>, PortError> {
    let code = "DeadlineExceeded";
    let envelope = &loose.envelope;
    let message = format!("the deadline has passed: {} {what}", envelope.step);
    let Some(mut entry) = named(loose, now) else {
        return Ok(None);
    };
    let body = encoded(envelope)?;
    let record = ErrorRecord {
        function: loose.function.clone(),
        step: Some(envelope.step.clone()),
        attempt: entry.progress.attempt,
        created: Some(envelope.due),
        ..error_record(&envelope.key(), code, &message, severity, now)
    };
    let record = ErrorRecord {
        execution: Some(envelope.execution.clone()),
        version: Some(envelope.manifest.to_string()),
        tenant: Some(envelope.execution.home.tenant.clone()),
        envelope: bounded(&body),
        ..record
    };
    entry.error = Some(ErrorSummary {
        id: record.id.clone(),
        code: code.to_owned(),
        message,
    });
    Ok(Some(Stuck { record, entry }))
}

/// The step's entry as it is. A message that was lost before there was one is an attempt that
/// came to nothing.
fn named(loose: &Loose, now: Timestamp) -> Option<StepEntry> {
    if let Some((_, entry)) = &loose.entry {
        return Some(entry.clone());
    }
    let (by, due, maybe) = (None, now, false);
    let (state, progress) = transition(None, &Occurred::Retried { by, due, maybe }).ok()?;
    Some(StepEntry::of(&loose.envelope, state, progress, now))
}

/// The error record of an outcome that did not follow. A redrive looks for it again.
///
/// # Errors
/// [`PortError::Unavailable`] when the message does not encode.
pub fn missing(
    promise: &Promise,
    reason: &str,
    severity: Severity,
    now: Timestamp,
) -> Result<ErrorRecord, PortError> {
    let execution = &promise.execution;
    let key = format!("{}:outcome", execution.execution);
    let message = format!(
        "the outcome of {} did not follow: {reason}",
        execution.workflow
    );
    let body = encoded(&Due::Outcome(promise.clone()))?;
    Ok(ErrorRecord {
        function: QUEUE.to_owned(),
        execution: Some(execution.clone()),
        version: Some(promise.manifest.to_string()),
        tenant: Some(execution.home.tenant.clone()),
        created: Some(promise.started_at),
        envelope: bounded(&body),
        ..error_record(&key, "OutcomeMissing", &message, severity, now)
    })
}

fn encoded(body: &impl serde::Serialize) -> Result<String, PortError> {
    serde_json::to_string(body).map_err(|error| PortError::Unavailable(error.to_string()))
}

fn error_record(
    key: &str,
    code: &str,
    message: &str,
    severity: Severity,
    now: Timestamp,
) -> ErrorRecord {
    ErrorRecord {
        id: ErrorRecord::id_of(key, code),
        code: code.to_owned(),
        message: message.to_owned(),
        severity,
        handling: Handling::opened(now, severity),
        function: String::new(),
        execution: None,
        step: None,
        version: None,
        tenant: None,
        attempt: Progress::FIRST.attempt,
        first_at: now,
        last_at: now,
        count: 1,
        message_id: None,
        created: None,
        envelope: String::new(),
    }
}
