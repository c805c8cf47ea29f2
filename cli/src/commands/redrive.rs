//! `holdfast redrive`: sends what failed again, from where it failed.

use std::collections::BTreeMap;

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::{Rate, Summary, Terms};
use holdfast_engine::operate::Listed;
use holdfast_engine::port::{Clock, Which};
use serde::Serialize;

use super::selection::Selection;
use crate::deciding::Person;
use crate::failure::{Exit, Failure};
use crate::items::{self, Mask};
use crate::output::style::{BOLD, GREEN, PLAIN, RED, YELLOW};
use crate::output::{Output, counted};
use crate::place::{At, Place, at};
use crate::redriving::redrive;
use crate::table::table;

/// References that a dry run shows.
const SHOWN: usize = 5;

/// What to send again.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("named").multiple(true).args(["ids", "reference"]))]
pub(crate) struct Arguments {
    /// Only these: ids of failures, or how they begin
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    /// How many are sent again in a time, at most: 5/s, 300/m
    #[arg(long, default_value = "50/s", value_name = "RATE")]
    rate: Rate,
    /// Show what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Send what was sent since it last failed once more: its copy is lost
    #[arg(long, requires = "named")]
    again: bool,
    /// Why: it is kept with each of them
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    at: At,
}

/// What would be sent again, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Preview {
    would_redrive: usize,
    groups: Vec<Group>,
    /// The first executions.
    refs: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Group {
    count: usize,
    workflow: Option<String>,
    step: Option<String>,
    function: String,
    error_type: String,
}

/// Sends again.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    at!(arguments.at, |place| again(place, arguments, output).await)
}

async fn again(
    place: &mut impl Place,
    arguments: &Arguments,
    output: Output,
) -> Result<Exit, Failure> {
    let found = found(place, arguments).await?;
    if arguments.dry_run {
        output.result(&preview(&found), preview_text);
        return Ok(Exit::Done);
    }
    let terms = Terms {
        by: arguments.person.name(),
        reason: arguments.reason.clone().unwrap_or_else(|| said(arguments)),
        rate: arguments.rate,
        again: arguments.again,
    };
    if !found.is_empty() {
        let (count, rate) = (counted(found.len(), "failure"), arguments.rate);
        output.note(format!("sending {count} again, {rate} at most (--rate)"));
    }
    let summary = redrive(place, &found, &terms, SystemClock, output).await?;
    output.result(&summary, text);
    if let Some(waits) = place.waits().filter(|_| summary.waits) {
        output.note(format!("{YELLOW}note:{PLAIN} {waits}"));
    }
    Ok(if summary.refused.is_empty() {
        Exit::Done
    } else {
        Exit::Wrong
    })
}

/// What was asked for, as the reason where none is given.
fn said(arguments: &Arguments) -> String {
    let filter = arguments.selection.filter(SystemClock.now());
    let filter = serde_json::to_value(filter).unwrap_or_default();
    let members = filter.as_object().into_iter().flatten();
    let mut words = vec!["redrive".to_owned()];
    words.extend(arguments.ids.iter().cloned());
    words.extend(members.map(|(name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        format!("--{} {value}", name.replace('_', "-"))
    }));
    words.join(" ")
}

/// The failures that fit, and, unless asked for, were not sent again since they failed.
async fn found(place: &impl Place, arguments: &Arguments) -> Result<Vec<Listed>, Failure> {
    let ports = place.ports();
    if !arguments.ids.is_empty() {
        let mask = Mask::of(ports, false).await;
        let mut found = Vec::new();
        for id in &arguments.ids {
            found.push(Listed::from(&items::find(ports, id, &mask).await?));
        }
        return Ok(found);
    }
    let filter = arguments.selection.filter(SystemClock.now());
    if arguments.again {
        let open = items::all(ports, Which::Open).await?;
        let fitting = open.iter().filter(|operation| filter.fits(operation));
        return Ok(fitting.map(Listed::from).collect());
    }
    Ok(place.desk().select(&filter).await?)
}

fn preview(found: &[Listed]) -> Preview {
    let mut groups = BTreeMap::<_, usize>::new();
    for listed in found {
        let execution = listed.execution.as_ref();
        let workflow = execution.map(|execution| execution.workflow.to_string());
        let step = listed.step.as_ref().map(ToString::to_string);
        let group = (workflow, step, listed.function.clone(), listed.code.clone());
        *groups.entry(group).or_default() += 1;
    }
    let group = |((workflow, step, function, error_type), count)| Group {
        count,
        workflow,
        step,
        function,
        error_type,
    };
    let mut groups: Vec<Group> = groups.into_iter().map(group).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    let refs = found.iter().filter_map(|listed| listed.execution.as_ref());
    Preview {
        would_redrive: found.len(),
        groups,
        refs: refs.take(SHOWN).map(ToString::to_string).collect(),
    }
}

fn preview_text(preview: &Preview) -> String {
    if preview.would_redrive == 0 {
        return "nothing would be redriven: no open failure fits, or each was redriven since it failed"
            .to_owned();
    }
    let row = |group: &Group| {
        [
            group.count.to_string(),
            group.workflow.clone().unwrap_or_else(|| "-".to_owned()),
            group.step.as_deref().map_or("-", primary).to_owned(),
            group.function.clone(),
            group.error_type.clone(),
        ]
    };
    let rows: Vec<_> = preview.groups.iter().map(row).collect();
    let heading = ["COUNT", "WORKFLOW", "STEP", "QUEUE", "ERROR TYPE"];
    let count = counted(preview.would_redrive, "failure");
    let mut lines = vec![table(heading, &rows), String::new()];
    lines.push(format!(
        "{BOLD}{count} would be redriven{PLAIN}; the first:"
    ));
    lines.extend(
        preview
            .refs
            .iter()
            .map(|reference| format!("  {reference}")),
    );
    lines.join("\n")
}

/// A step; its fallbacks by their number.
fn primary(step: &str) -> &str {
    step.strip_suffix(".1").unwrap_or(step)
}

fn text(summary: &Summary) -> String {
    if summary.matched == 0 {
        return "nothing to redrive: no open failure fits, or each was redriven since it failed"
            .to_owned();
    }
    let mut lines = vec![format!("{GREEN}redriven{PLAIN}  {}", summary.redriven)];
    if summary.already_redriven > 0 {
        let count = summary.already_redriven;
        lines.push(format!("skipped   {count}, redriven before"));
    }
    if summary.gone > 0 {
        lines.push(format!("gone      {}, settled since", summary.gone));
    }
    for (code, refusals) in &summary.refused {
        let (count, id, message) = (refusals.count, &refusals.id, &refusals.message);
        lines.push(format!(
            "{RED}refused{PLAIN}   {count}, {code}: {message} (the first: {id})"
        ));
    }
    lines.join("\n")
}
