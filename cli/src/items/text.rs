//! One item as a person reads it at night.

use std::fmt::Write as _;

use holdfast_engine::operation::{Choice, Handling, Mark};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::row::place;
use super::show::{Detail, Step};
use crate::age::{ago, until};
use crate::output::style::{BOLD, DIM, PLAIN, RED, YELLOW};

/// An item for people.
pub(crate) fn text(detail: &Detail) -> String {
    let (row, now) = (&detail.row, detail.now);
    // The code of a review item is its kind.
    let kind = match row.kind.name() {
        kind if kind == row.code => String::new(),
        kind => format!("  {kind}"),
    };
    let mut text = format!(
        "{BOLD}{:?} {}{PLAIN}{kind}  {}  {} ago\n{}\n\n",
        row.severity,
        row.code,
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
    let mut marks: Vec<(&Mark, &str)> = Vec::new();
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
