//! The state of a place for people.

use super::{AlertPath, Dead, Held, Operations, Status};
use crate::age::{ago, until};
use crate::items::SHORT_ID;
use crate::output::counted;
use crate::output::style::{BOLD, PLAIN, RED, YELLOW};
use crate::place::{Process, Texting};
use crate::table::shortened;
use holdfast_embedded::control::QueueDepth;
use jiff::Timestamp;

/// The longest message that is shown, in characters.
const MESSAGE: usize = 100;

/// The state as text.
pub(super) fn shown(status: &Status) -> String {
    let mut lines = vec![process(&status.process), String::new()];
    lines.push(format!(
        "{BOLD}{:<16}{:>9}{:>11}{:>9}{:>9}{:>14}{PLAIN}",
        "queue", "visible", "in flight", "delayed", "oldest", "dead letters"
    ));
    lines.extend(status.queues.iter().map(queue));
    lines.extend(status.dead_letters.iter().map(dead));
    lines.push(String::new());
    for (tenant, versions) in &status.packs {
        lines.push(format!("{BOLD}{tenant}{PLAIN}: {}", versions.join(", ")));
    }
    let next = status.timers.next;
    let next = next.map_or_else(String::new, |next| format!(", next due {next}"));
    let armed = usize::try_from(status.timers.armed).unwrap_or(usize::MAX);
    lines.push(format!("{} armed{next}", counted(armed, "timer")));
    lines.extend(status.alerts.iter().map(alerts));
    lines.extend(status.texting.iter().flat_map(texting));
    if !status.held.is_empty() {
        lines.push(String::new());
        lines.push(format!("{BOLD}held back{PLAIN}"));
        lines.extend(
            status
                .held
                .iter()
                .flat_map(|held| held_back(held, status.now)),
        );
    }
    if !status.started.is_empty() {
        lines.push(String::new());
        lines.push(format!("{BOLD}started again{PLAIN}"));
        let started = status.started.iter();
        lines.extend(started.map(|started| started_again(started, status.now)));
    }
    lines.push(String::new());
    lines.extend(needs(&status.operations, status.now));
    lines.join("\n")
}

fn process(process: &Process) -> String {
    match process {
        Process::Serving => "a process serves this folder".to_owned(),
        Process::None => "no process serves this folder: messages wait".to_owned(),
        Process::NoAnswer { message, .. } => {
            format!("{RED}{message}{PLAIN}\nqueues are shown as the store has them")
        }
        Process::Stack { name } => format!("stack {name}"),
    }
}

fn queue(depth: &QueueDepth) -> String {
    let oldest = depth.oldest_seconds;
    let oldest = oldest.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds}s"));
    let (alarm, calm) = if depth.dead_letters > 0 {
        (RED, PLAIN)
    } else {
        ("", "")
    };
    format!(
        "{:<16}{:>9}{:>11}{:>9}{oldest:>9}{alarm}{:>14}{calm}",
        depth.queue, depth.visible, depth.in_flight, depth.delayed, depth.dead_letters
    )
}

fn dead(dead: &Dead) -> String {
    let Dead {
        queue,
        message,
        tenant,
        receives,
        since,
    } = dead;
    format!(
        "  dead letter {message} of {queue}: tenant {tenant}, received {receives} times, {since}"
    )
}

fn alerts((tenant, path): (&String, &AlertPath)) -> String {
    match (path.configured, path.silent_since, path.proven_at) {
        (false, ..) => {
            format!("{RED}alerts of {tenant} go nowhere{PLAIN}: add `alerts:` to a pack.yaml")
        }
        (true, Some(since), _) => {
            format!("{RED}alert path of {tenant} silent since {since}{PLAIN}")
        }
        (true, None, Some(at)) => format!("alert path of {tenant} proven at {at}"),
        (true, None, None) => format!("alert path of {tenant} not tried yet"),
    }
}

/// What the account may send as text messages; what keeps them from arriving stands out.
fn texting(texting: &Texting) -> Vec<String> {
    let mut lines = Vec::new();
    match texting.sandbox {
        Some(true) => lines.push(format!(
            "{RED}text messages reach verified numbers only{PLAIN}: the account is in the SMS sandbox"
        )),
        Some(false) => lines.push("text messages reach every number".to_owned()),
        None => {}
    }
    if let Some(limit) = &texting.monthly_limit {
        lines.push(format!("text messages cost ${limit} a month at most"));
    }
    match texting.origination.as_deref() {
        Some([]) => lines.push(format!(
            "{YELLOW}text messages have no origination identity{PLAIN}: some countries refuse them"
        )),
        Some(from) => lines.push(format!("text messages are sent from {}", from.join(", "))),
        None => {}
    }
    lines
}

fn held_back(held: &Held, now: Timestamp) -> Vec<String> {
    let Held {
        tenant, subject, ..
    } = held;
    let age = |at: Option<Timestamp>| at.map_or_else(String::new, |at| ago(at, now));
    let what = match (held.state, held.until) {
        ("stopped", _) => {
            let by = held.by.as_deref().unwrap_or("?");
            let reason = held.reason.as_deref().unwrap_or("?");
            format!("stopped by {by} {} ago: {reason}", age(held.since))
        }
        (state, Some(next)) => {
            let tries = until(next, now);
            format!(
                "breaker {state} for {}, tries again {tries}",
                age(held.since)
            )
        }
        (state, None) => format!("breaker {state} for {}", age(held.since)),
    };
    let mut lines = vec![format!("  {YELLOW}{subject}{PLAIN} of {tenant}  {what}")];
    if let Some((kind, name)) = subject.split_once('/') {
        let option = if kind.starts_with("connection") {
            "--connection "
        } else {
            ""
        };
        lines.push(format!(
            "    holdfast start {option}{name} --tenant {tenant}"
        ));
    }
    lines
}

fn started_again(started: &Held, now: Timestamp) -> String {
    let by = started.by.as_deref().unwrap_or("?");
    let age = started.since.map_or_else(String::new, |at| ago(at, now));
    let reason = started.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    format!(
        "  {} of {}  started by {by} {age} ago{reason}",
        started.subject, started.tenant
    )
}

fn needs(operations: &Operations, now: Timestamp) -> Vec<String> {
    let (reviews, errors) = (operations.reviews, operations.errors);
    if reviews + errors == 0 {
        return vec!["nothing needs anyone".to_owned()];
    }
    let each = operations.severities.iter();
    let each: Vec<_> = each
        .map(|(severity, count)| format!("{count} {severity:?}"))
        .collect();
    let overdue = match operations.overdue {
        0 => String::new(),
        count => format!("; {RED}{count} overdue{PLAIN}"),
    };
    let mut lines = vec![format!(
        "{BOLD}needs someone{PLAIN}: {}, {} ({}){overdue}",
        counted(reviews, "review item"),
        counted(errors, "error"),
        each.join(", ")
    )];
    for item in &operations.newest {
        let id: String = item.id.chars().take(SHORT_ID).collect();
        let (age, message) = (ago(item.last_at, now), shortened(item.said(), MESSAGE));
        let (severity, code) = (item.severity, &item.code);
        lines.push(format!("  {severity:?} {code}  {age} ago  {message}"));
        lines.push(format!("    holdfast review show {id}"));
        if let Some(execution) = &item.execution {
            lines.push(format!("    holdfast trace {execution}"));
        }
    }
    lines
}
