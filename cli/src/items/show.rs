//! One item with everything that is known of it, how it was handled, and what can be done.

use std::fmt::Write as _;

use holdfast_engine::operation::{Choice, Handling, Mark as Done, Operation, ReviewKind};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use super::row::place;
use super::{Mask, Row, SHORT_ID, state};
use crate::age::{ago, until};
use crate::output::style::{BOLD, DIM, PLAIN, RED, YELLOW};

/// An item, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    #[serde(flatten)]
    row: Row,
    version: Option<String>,
    attempt: Option<u32>,
    first_at: Timestamp,
    message_id: Option<String>,
    handling: Handling,
    report: Json,
    subject: String,
    /// What can be done.
    commands: Vec<Step>,
    #[serde(skip)]
    shows_subject: bool,
    #[serde(skip)]
    state: String,
    #[serde(skip)]
    now: Timestamp,
}

/// A command, and what it does.
#[derive(Debug, Serialize)]
struct Step {
    command: String,
    does: &'static str,
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
    for (command, does) in decisions(operation) {
        say(command.replace("ID", &id), does);
    }
    steps
}

fn decisions(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    match operation.kind() {
        ReviewKind::InvalidInput => vec![
            (
                "holdfast review edit ID",
                "correct the input, and send it through its door",
            ),
            (
                "holdfast review approve ID",
                "send it again as it is, after a definition was mended",
            ),
            ("holdfast review reject ID --reason '…'", "drop it"),
        ],
        ReviewKind::AmbiguousRecord => vec![
            (
                "holdfast review approve ID --record '…'",
                "it is about this one of the candidates",
            ),
            ("holdfast review reject ID --reason '…'", "drop it"),
        ],
        ReviewKind::UnknownOutcome => vec![
            (
                "holdfast review done ID --reason '…'",
                "it happened: go on after it",
            ),
            (
                "holdfast review retry ID",
                "it did not happen: try again (it may happen twice)",
            ),
            ("holdfast review reject ID --reason '…'", "leave it undone"),
        ],
        ReviewKind::FailedStep if operation.execution().is_none() => vec![
            (
                "holdfast redrive ID",
                "send it again, after the cause is mended",
            ),
            (
                "holdfast errors resolve ID --reason '…'",
                "it needs nobody any more",
            ),
        ],
        ReviewKind::FailedStep => vec![
            (
                "holdfast redrive ID",
                "try again from the failed step, after the cause is mended",
            ),
            (
                "holdfast review done ID --reason '…'",
                "it was done by hand: go on after it",
            ),
            (
                "holdfast errors resolve ID --reason '…'",
                "it needs nobody any more",
            ),
        ],
    }
}

/// An item for people.
pub(crate) fn text(detail: &Detail) -> String {
    let (row, now) = (&detail.row, detail.now);
    let mut text = format!(
        "{BOLD}{:?} {}{PLAIN}  {}  {}  {} ago\n{}\n\n",
        row.severity,
        row.code,
        row.kind.name(),
        detail.state,
        ago(row.last_at, now),
        row.said()
    );
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {DIM}{name:<12}{PLAIN}{value}");
    };
    line("id", row.id.clone());
    line("where", whereabouts(detail));
    if let Some(execution) = &row.execution {
        line("execution", execution.clone());
    }
    if let Some(version) = &detail.version {
        line("version", version.clone());
    }
    if row.count > 1 {
        let first = detail.first_at;
        line(
            "seen",
            format!("{} times, first {first}, last {}", row.count, row.last_at),
        );
    }
    if detail.handling.needs_someone() {
        let due = until(row.due, now);
        let colour = if row.overdue { RED } else { "" };
        line("decide", format!("{colour}{due}{PLAIN}"));
    }
    report(&mut text, &detail.report);
    if detail.shows_subject {
        let _ = writeln!(text, "\n{BOLD}message{PLAIN}\n  {}", detail.subject);
    }
    handling(&mut text, &detail.handling, now);
    if !detail.commands.is_empty() {
        let _ = writeln!(text, "\n{BOLD}what to do{PLAIN}");
        let lengths = detail
            .commands
            .iter()
            .map(|step| step.command.chars().count());
        // A long reference would push what the others do off the screen.
        let width = lengths.filter(|length| *length <= 60).max().unwrap_or(0);
        for Step { command, does } in &detail.commands {
            let _ = writeln!(text, "  {command:<width$}  {DIM}{does}{PLAIN}");
        }
    }
    text
}

fn whereabouts(detail: &Detail) -> String {
    let row = &detail.row;
    let place = place(row.workflow.as_deref(), row.step.as_deref(), &row.function);
    let function = row
        .workflow
        .as_ref()
        .map(|_| format!(" ({})", row.function));
    let attempt = detail.attempt.filter(|_| row.step.is_some());
    let attempt = attempt.map_or_else(String::new, |attempt| format!(", attempt {attempt}"));
    let tenant = row.tenant.as_ref();
    let tenant = tenant.map_or_else(String::new, |tenant| format!(", tenant {tenant}"));
    format!("{place}{}{attempt}{tenant}", function.unwrap_or_default())
}

fn report(text: &mut String, report: &Json) {
    let members = report.as_object().into_iter().flatten();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("fields", Json::Array(fields)) => {
                let _ = writeln!(text, "\n{BOLD}what is wrong{PLAIN}");
                for field in fields {
                    let _ = writeln!(text, "  {}", violation(field));
                }
            }
            (name, Json::String(value)) => {
                let _ = writeln!(text, "  {DIM}{name:<12}{PLAIN}{value}");
            }
            (_, Json::Null) => {}
            (name, value) => {
                let _ = writeln!(text, "  {DIM}{name:<12}{PLAIN}{value}");
            }
        }
    }
}

/// What is wrong with a field, on one line.
pub(crate) fn violation(violation: &Json) -> String {
    let text = |name: &str| violation.get(name).and_then(Json::as_str);
    let hint = text("hint").map_or_else(String::new, |hint| format!(" ({hint})"));
    format!(
        "{YELLOW}{}{PLAIN}: expected {}, found {}{hint}",
        text("path").unwrap_or("?"),
        text("expected").unwrap_or("?"),
        text("actual").unwrap_or("?")
    )
}

fn handling(text: &mut String, handling: &Handling, now: Timestamp) {
    let _ = writeln!(text, "\n{BOLD}so far{PLAIN}");
    let mut line = |at: Timestamp, what: String| {
        let at_shown = format!("{at:.0}");
        let _ = writeln!(
            text,
            "  {at_shown}  {DIM}{:>4} ago{PLAIN}  {what}",
            ago(at, now)
        );
    };
    line(handling.opened_at, "opened".to_owned());
    if let Some(at) = handling.alerted_at {
        line(at, "the error route had it".to_owned());
    }
    let mut marks: Vec<(&Done, &str)> = Vec::new();
    marks.extend(
        handling
            .acknowledged
            .iter()
            .map(|mark| (mark, "is known to")),
    );
    let decided_at = handling.decision.as_ref().map(|decision| decision.mark.at);
    // Whoever decides takes it with that.
    let taken = handling
        .claimed
        .iter()
        .filter(|mark| Some(mark.at) != decided_at);
    marks.extend(taken.map(|mark| (mark, "was taken by")));
    marks.extend(
        handling
            .redriven
            .iter()
            .map(|mark| (mark, "was sent again by")),
    );
    if let Some(decision) = &handling.decision {
        marks.push((&decision.mark, decided(decision.choice)));
    }
    marks.sort_by_key(|(mark, _)| mark.at);
    for (mark, what) in marks {
        let reason = mark.reason.as_ref();
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        line(mark.at, format!("{what} {}{reason}", mark.by));
    }
    if let Some(at) = handling.closed_at {
        line(at, "closed".to_owned());
    }
}

fn decided(choice: Choice) -> &'static str {
    match choice {
        Choice::Approve => "was approved by",
        Choice::Edit => "was edited by",
        Choice::Reject => "was rejected by",
        Choice::Retry => "was retried by",
        Choice::Done => "was declared done by",
        Choice::Resolve => "was resolved by",
    }
}
