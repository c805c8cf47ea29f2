//! A timeline as people read it at night: when, what, whose step, and why.

mod elements;
mod import;
mod person;

use elements::step_name;
use holdfast_engine::record::FieldChange;
use holdfast_engine::suppression::Wish;
use holdfast_engine::timeline::{
    AttemptPart, DecisionPart, EventPart, Line, RecordPart, ReviewPart, StepPart, Timeline, What,
};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use std::fmt::Write as _;

use crate::output::style::{BOLD, CYAN, DIM, GREEN, PLAIN, RED, YELLOW};

/// The column in which lines say what happened; what belongs to a line is indented to it.
const INDENT: usize = 24;

/// The longest value that a line shows, in characters.
const SHOWN: usize = 160;

/// A timeline as text.
pub(crate) fn text(timeline: &Timeline) -> String {
    let mut text = format!("{BOLD}{}{PLAIN}", timeline.of);
    match (&timeline.record, &timeline.import) {
        (Some(record), _) => heading(&mut text, record),
        (None, Some(import)) => import::heading(&mut text, import),
        (None, None) => text.push('\n'),
    }
    let mut day = String::new();
    for (line, elements) in elements::collapsed(&timeline.lines) {
        let (date, time) = split(line.at);
        if date != day {
            let _ = writeln!(text, "\n{DIM}{date} (UTC){PLAIN}");
            day = date;
        }
        text.push_str(&shown(&time, line, elements));
    }
    match &timeline.import {
        Some(import) => import::rows(&mut text, import),
        None if timeline.lines.is_empty() => text.push_str("\nnothing happened yet\n"),
        None => {}
    }
    text
}

fn heading(text: &mut String, record: &RecordPart) {
    let deleted = if record.deleted { ", deleted" } else { "" };
    let _ = writeln!(
        text,
        "  {GREEN}{}{PLAIN}  version {}{deleted}",
        record.status, record.version
    );
    for (name, value) in &record.fields {
        let _ = writeln!(text, "  {DIM}{name}{PLAIN} {}", short(value));
    }
}

fn split(at: Timestamp) -> (String, String) {
    let text = format!("{at:.3}");
    let (date, time) = text.split_once('T').unwrap_or((text.as_str(), ""));
    (date.to_owned(), time.trim_end_matches('Z').to_owned())
}

/// What a line says: its colour, its word, what happened, and what belongs to it.
type Parts = (&'static str, &'static str, String, Vec<String>);

/// A line, and what belongs to it.
fn shown(time: &str, line: &Line, elements: Option<usize>) -> String {
    let (colour, word, what, more) = match (&line.what, elements) {
        (What::Step(step), Some(count)) => (GREEN, "step", elements::many(step, count), Vec::new()),
        (what, _) => parts(what),
    };
    let mut text = format!("{DIM}{time:<13}{PLAIN} {colour}{word:<9}{PLAIN} {what}\n");
    for more in more {
        let _ = writeln!(text, "{:INDENT$}{more}", "");
    }
    text
}

fn parts(what: &What) -> Parts {
    match what {
        What::Event(event) => (CYAN, "event", event_text(event), data(&event.data)),
        What::Review(review) => (YELLOW, "review", review.title.clone(), review_more(review)),
        What::Created(created) => {
            let by = format!("by {}", created.by);
            (GREEN, "created", by, data(&created.fields))
        }
        What::Decision(decision) => decision_parts(decision),
        What::Person(person) => person::parts(person),
        What::Changed(changed) => {
            let by = match changed.step.as_str() {
                "" => format!("by {}", changed.by),
                step => format!("by {}, step {}", changed.by, step_name(step)),
            };
            (GREEN, "changed", by, changes(&changed.changes))
        }
        What::Attempt(attempt) => (YELLOW, "attempt", attempt_text(attempt), Vec::new()),
        What::Step(step) => {
            let colour = colour_of(step.state);
            (colour, "step", step_text(step), step_more(step))
        }
        What::Skipped(skipped) => {
            let workflow = workflow(&skipped.execution);
            let what = format!("{workflow} · {}  {}", skipped.step, skipped.reason);
            (DIM, "left out", what, Vec::new())
        }
        What::Waiting(waiting) => {
            let workflow = workflow(&waiting.execution);
            let (step, hours) = (step_name(&waiting.step), waiting.hours.join(", "));
            let what = format!(
                "{workflow} · {step}  for {hours}, open at {}",
                waiting.opens
            );
            (YELLOW, "waits", what, Vec::new())
        }
        What::End(end) => {
            let reason = end.reason.as_ref();
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            let what = format!("{} {}{reason}", workflow(&end.execution), end.end);
            (BOLD, "end", what, Vec::new())
        }
        What::Outcome(outcome) => {
            let reason = outcome.reason.as_ref();
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            let workflow = workflow(&outcome.execution);
            let what = format!("{workflow} {}: {}{reason}", outcome.verdict, outcome.expect);
            let colour = if outcome.verdict == "missed" {
                RED
            } else {
                BOLD
            };
            (colour, "outcome", what, Vec::new())
        }
    }
}

fn attempt_text(attempt: &AttemptPart) -> String {
    let (workflow, step) = (workflow(&attempt.execution), step_name(&attempt.step));
    let (number, code) = (attempt.attempt, &attempt.code);
    format!(
        "{workflow} · {step}  attempt {number}: {code} {}",
        attempt.message
    )
}

fn event_text(event: &EventPart) -> String {
    let changed = if event.changed.is_empty() {
        String::new()
    } else {
        format!("  changed: {}", event.changed.join(", "))
    };
    let asked = event.asked.map_or_else(String::new, |asked| {
        let word = match asked.wish {
            Wish::Stop => "opts out of",
            Wish::Start => "opts in to",
        };
        format!("  {word} {}", asked.channel.word())
    });
    let unmatched = if event.unmatched {
        format!("  {YELLOW}unmatched: no workflow wants it{PLAIN}")
    } else {
        String::new()
    };
    format!(
        "{}  {DIM}{}{PLAIN}{changed}{asked}{unmatched}",
        event.name, event.event
    )
}

fn review_more(review: &ReviewPart) -> Vec<String> {
    let fields = review.report.get("fields").and_then(Json::as_array);
    let mut lines: Vec<String> = fields.into_iter().flatten().map(violation).collect();
    lines.push(format!("holdfast review show {}", review.id));
    lines
}

fn violation(violation: &Json) -> String {
    let text = |name: &str| violation.get(name).and_then(Json::as_str).unwrap_or("?");
    format!(
        "{}: expected {}, found {}",
        text("path"),
        text("expected"),
        text("actual")
    )
}

fn decision_parts(decision: &DecisionPart) -> Parts {
    let name = format!("{}  {DIM}{}{PLAIN}", decision.workflow, decision.version);
    let reason = || decision.reason.clone().into_iter().collect();
    match decision.outcome {
        "started" => {
            let execution = decision.execution.iter();
            let more = execution.map(|execution| format!("{DIM}{execution}{PLAIN}"));
            (GREEN, "started", name, more.collect())
        }
        "skipped" => (DIM, "skipped", name, reason()),
        _ => (RED, "stopped", name, reason()),
    }
}

fn colour_of(state: &str) -> &'static str {
    match state {
        "succeeded" => GREEN,
        "failed" | "gave-up" | "unknown" => RED,
        _ => YELLOW,
    }
}

fn step_text(step: &StepPart) -> String {
    let uses = step.uses.iter().map(|uses| format!("  {DIM}{uses}{PLAIN}"));
    let generation = match step.generation {
        1 => String::new(),
        generation => format!("  generation {generation}"),
    };
    let elements = match step.elements {
        Some(1) => "  1 element".to_owned(),
        Some(count) => format!("  {count} elements"),
        None => String::new(),
    };
    let attempt = match step.attempt {
        1 => String::new(),
        attempt => format!("  attempt {attempt}"),
    };
    format!(
        "{} · {}{}{elements}  {}{}{PLAIN}{attempt}{generation}",
        workflow(&step.execution),
        step_name(&step.step),
        uses.collect::<String>(),
        colour_of(step.state),
        step.state,
    )
}

fn step_more(step: &StepPart) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(target) = &step.target {
        lines.push(format!("on {target}"));
    }
    lines.extend(changes(&step.changes));
    lines.extend(step.pages.map(|pages| format!("read {pages} pages")));
    lines.extend(
        step.output
            .iter()
            .map(|output| format!("→ {}", short(output))),
    );
    if let Some(by) = &step.suppressed_by {
        let done = format!("{} · {}", by.execution, step_name(&by.step));
        lines.push(format!("suppressed: already done by {done}"));
    }
    lines.extend(step.reason.clone());
    if let Some(due) = step.due {
        lines.push(format!("next attempt {due}"));
    }
    if let Some(error) = &step.error {
        lines.push(format!("{RED}{}{PLAIN}: {}", error.code, error.message));
        // A step whose fallback goes on needs nobody.
        if step.state != "fell-back" {
            lines.push(format!("holdfast review show {}", error.id));
        }
    }
    if step.maybe && step.state != "succeeded" {
        lines.push("an attempt may have taken effect".to_owned());
    }
    lines
}

fn changes(changes: &[FieldChange]) -> Vec<String> {
    let line = |change: &FieldChange| {
        format!(
            "{}: {} → {}",
            change.field,
            short(&change.old),
            short(&change.new)
        )
    };
    changes.iter().map(line).collect()
}

fn data(values: &Map<String, Json>) -> Vec<String> {
    let line = |(name, value): (&String, &Json)| format!("{name} = {}", short(value));
    values.iter().map(line).collect()
}

/// A value without the quotes that nobody needs; null is unset.
fn short(value: &Json) -> String {
    let text = match value {
        Json::Null => return "(unset)".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = text.replace('\n', " ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}

/// The workflow of an execution's reference, else its id.
fn workflow(execution: &str) -> &str {
    execution.split('/').nth(3).unwrap_or(execution)
}
