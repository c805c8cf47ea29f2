//! One item as a person reads it at night.

use std::fmt::Write as _;

use holdfast_engine::operation::{Choice, Handling, Mark};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::likeness;
use super::row::place;
use super::show::{Detail, Step};
use crate::age::{ago, until};
use crate::output::style::{BOLD, DIM, PLAIN, RED, YELLOW};

/// An item for people.
pub(crate) fn text(detail: &Detail) -> String {
    let mut text = heading(detail);
    for (name, value) in facts(detail) {
        let _ = writeln!(text, "  {DIM}{name:<12}{PLAIN}{value}");
    }
    report(&mut text, &detail.report);
    if detail.shows_subject {
        let _ = writeln!(text, "\n{BOLD}message{PLAIN}\n  {}", detail.subject);
    }
    handling(&mut text, &detail.handling, detail.now);
    commands(&mut text, &detail.commands);
    text
}

fn heading(detail: &Detail) -> String {
    let row = &detail.row;
    // The code of a review item is its kind.
    let kind = match row.kind.name() {
        kind if kind == row.code => String::new(),
        kind => format!("  {kind}"),
    };
    format!(
        "{BOLD}{:?} {}{PLAIN}{kind}  {}  {} ago\n{}\n\n",
        row.severity,
        row.code,
        detail.state,
        ago(row.last_at, detail.now),
        row.said()
    )
}

fn facts(detail: &Detail) -> Vec<(&'static str, String)> {
    let row = &detail.row;
    let mut facts = vec![("id", row.id.clone()), ("where", whereabouts(detail))];
    let execution = row.execution.iter().cloned();
    facts.extend(execution.map(|execution| ("execution", execution)));
    let version = detail.version.iter().cloned();
    facts.extend(version.map(|version| ("version", version)));
    if row.count > 1 {
        let (count, first, last) = (row.count, detail.first_at, row.last_at);
        facts.push(("seen", format!("{count} times, first {first}, last {last}")));
    }
    if detail.handling.needs_someone() {
        let due = until(row.due, detail.now);
        let colour = if row.overdue { RED } else { "" };
        facts.push(("decide", format!("{colour}{due}{PLAIN}")));
    }
    facts
}

fn commands(text: &mut String, commands: &[Step]) {
    if commands.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{BOLD}what to do{PLAIN}");
    let lengths = commands.iter().map(|step| step.command.chars().count());
    // A long reference would push what the others do off the screen.
    let width = lengths.filter(|length| *length <= 60).max().unwrap_or(0);
    for Step { command, does } in commands {
        let _ = writeln!(text, "  {command:<width$}  {DIM}{does}{PLAIN}");
    }
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
            ("first", Json::Array(rows)) => {
                let _ = writeln!(text, "\n{BOLD}the first rows{PLAIN}");
                for row in rows {
                    unfit(text, row);
                }
            }
            ("matches", Json::Array(matches)) => likeness::text(text, matches),
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

/// What keeps a row of a file from being a record.
fn unfit(text: &mut String, row: &Json) {
    let number = row.get("row").unwrap_or(&Json::Null);
    if let Some(reason) = row.get("reason").and_then(Json::as_str) {
        let _ = writeln!(text, "  row {number}  {reason}");
    }
    let fields = row.get("fields").and_then(Json::as_array);
    for field in fields.into_iter().flatten() {
        let _ = writeln!(text, "  row {number}  {}", violation(field));
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
    for (mark, what) in marks(handling) {
        let reason = mark.reason.as_ref();
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        line(mark.at, format!("{what} {}{reason}", mark.by));
    }
    if let Some(at) = handling.closed_at {
        line(at, "closed".to_owned());
    }
}

/// What people did, in the order of time.
fn marks(handling: &Handling) -> Vec<(&Mark, &'static str)> {
    let decision = handling.decision.as_ref();
    let decided_at = decision.map(|decision| decision.mark.at);
    // Whoever decides takes it with that.
    let taken = handling
        .claimed
        .iter()
        .filter(|mark| Some(mark.at) != decided_at);
    let known = handling
        .acknowledged
        .iter()
        .map(|mark| (mark, "is known to"));
    let sent = handling
        .redriven
        .iter()
        .map(|mark| (mark, "was sent again by"));
    let mut marks: Vec<_> = known.collect();
    marks.extend(taken.map(|mark| (mark, "was taken by")));
    marks.extend(sent);
    marks.extend(decision.map(|decision| (&decision.mark, decided(decision.choice))));
    marks.sort_by_key(|(mark, _)| mark.at);
    marks
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
