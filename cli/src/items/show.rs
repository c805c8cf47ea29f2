//! One item with everything that is known of it, how it was handled, and what can be done.

use holdfast_engine::breaker::start_command;
use holdfast_engine::operation::{Handling, Operation, ReviewKind};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Mask, Row, SHORT_ID, state};

/// An item, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    #[serde(flatten)]
    pub(super) row: Row,
    pub(super) version: Option<String>,
    pub(super) attempt: Option<u32>,
    pub(super) first_at: Timestamp,
    pub(super) message_id: Option<String>,
    pub(super) handling: Handling,
    pub(super) report: Json,
    pub(super) subject: String,
    /// What can be done.
    pub(super) commands: Vec<Step>,
    #[serde(skip)]
    pub(super) shows_subject: bool,
    #[serde(skip)]
    pub(super) state: String,
    #[serde(skip)]
    pub(super) now: Timestamp,
}

/// A command, and what it does.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) command: String,
    pub(super) does: &'static str,
}

impl Detail {
    /// An item at a time.
    pub(crate) fn of(operation: &Operation, mask: &Mask, now: Timestamp, show_pii: bool) -> Self {
        let error = match operation {
            Operation::Error(record) => Some(record),
            Operation::Review(_) => None,
        };
        let first_at = match operation {
            Operation::Error(record) => record.first_at,
            Operation::Review(item) => item.at,
        };
        Self {
            row: Row::of(operation, mask, now),
            version: error.and_then(|record| record.version.clone()),
            attempt: error.map(|record| record.attempt),
            first_at,
            message_id: error.and_then(|record| Some(record.message_id.as_ref()?.0.clone())),
            handling: handled(operation, mask),
            report: mask.report(operation),
            subject: mask.subject(operation),
            commands: commands(operation),
            shows_subject: show_pii,
            state: state(operation),
            now,
        }
    }
}

/// Reasons are written by people, who name people.
fn handled(operation: &Operation, mask: &Mask) -> Handling {
    let mut handling = operation.handling().clone();
    let decision = handling
        .decision
        .as_mut()
        .map(|decision| &mut decision.mark);
    let marks = [
        handling.acknowledged.as_mut(),
        handling.claimed.as_mut(),
        handling.redriven.as_mut(),
        decision,
    ];
    for mark in marks.into_iter().flatten() {
        mark.reason = mark.reason.take().map(|why| mask.text(operation, &why));
    }
    handling
}

/// What can be done about an item, likeliest first.
fn commands(operation: &Operation) -> Vec<Step> {
    let id: String = operation.id().chars().take(SHORT_ID).collect();
    let mut steps = Vec::new();
    let mut say = |command: String, does| steps.push(Step { command, does });
    if let Some(execution) = operation.execution() {
        say(
            format!("holdfast trace {execution}"),
            "everything that happened, and why",
        );
    } else if let Operation::Review(item) = operation
        && let Some(event) = item.report.get("event").and_then(Json::as_str)
    {
        say(
            format!("holdfast trace '{event}'"),
            "what is known of the event",
        );
    }
    if !operation.handling().needs_someone() {
        return steps;
    }
    if operation.handling().acknowledged.is_none() {
        say(
            format!("holdfast errors ack {id}"),
            "you know of it: no more calls",
        );
    }
    if let Some(start) = start(operation) {
        say(start, "it is well again: do not wait for the next try");
        say(
            "holdfast status".to_owned(),
            "when it tries again by itself",
        );
        return steps;
    }
    for &(command, does) in decisions(operation) {
        say(command.replace("ID", &id), does);
    }
    steps
}

/// The command that ends the waiting for a breaker.
fn start(operation: &Operation) -> Option<String> {
    match operation {
        Operation::Error(record) => start_command(record),
        Operation::Review(_) => None,
    }
}

/// A command with `ID` for the item's id, and what it does.
type Way = (&'static str, &'static str);

const REJECT: Way = ("holdfast review reject ID --reason '…'", "drop it");
const RESOLVE: Way = (
    "holdfast errors resolve ID --reason '…'",
    "it needs nobody any more",
);

const INVALID_INPUT: &[Way] = &[
    (
        "holdfast review edit ID",
        "correct the input, and send it through its door",
    ),
    (
        "holdfast review approve ID",
        "send it again as it is, after a definition was mended",
    ),
    REJECT,
];
const INVALID_ROWS: &[Way] = &[(
    "holdfast errors resolve ID --reason '…'",
    "the rows were mended and imported again",
)];
const AMBIGUOUS_RECORD: &[Way] = &[
    (
        "holdfast review approve ID --record '…'",
        "it is about this one of the candidates",
    ),
    REJECT,
];
const PROBABLE_DUPLICATE: &[Way] = &[
    (
        "holdfast review reject ID --reason '…'",
        "they are different",
    ),
    (
        "holdfast errors resolve ID --reason '…'",
        "they are one, and were put together by hand",
    ),
];
const UNKNOWN_OUTCOME: &[Way] = &[
    (
        "holdfast review done ID --reason '…'",
        "it happened: go on after it",
    ),
    (
        "holdfast review retry ID",
        "it did not happen: try again (it may happen twice)",
    ),
    ("holdfast review reject ID --reason '…'", "leave it undone"),
];
const FAILED_MESSAGE: &[Way] = &[
    (
        "holdfast redrive ID",
        "send it again, after the cause is mended",
    ),
    RESOLVE,
];
const FAILED_STEP: &[Way] = &[
    (
        "holdfast redrive ID",
        "try again from the failed step, after the cause is mended",
    ),
    (
        "holdfast review done ID --reason '…'",
        "it was done by hand: go on after it",
    ),
    RESOLVE,
];

fn decisions(operation: &Operation) -> &'static [Way] {
    match operation.kind() {
        // The rows of a file are mended in the file.
        ReviewKind::InvalidInput if operation.subject().is_empty() => INVALID_ROWS,
        ReviewKind::InvalidInput => INVALID_INPUT,
        ReviewKind::AmbiguousRecord => AMBIGUOUS_RECORD,
        ReviewKind::ProbableDuplicate => PROBABLE_DUPLICATE,
        ReviewKind::UnknownOutcome => UNKNOWN_OUTCOME,
        // What no message repeats can only be closed.
        ReviewKind::FailedStep if operation.subject().is_empty() => &[RESOLVE],
        ReviewKind::FailedStep if operation.execution().is_none() => FAILED_MESSAGE,
        ReviewKind::FailedStep => FAILED_STEP,
    }
}
