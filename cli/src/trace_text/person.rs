//! What a person decided, as the timeline says it.

use holdfast_engine::operate::Deed;
use holdfast_engine::timeline::PersonPart;

use super::{Parts, step_name, workflow};
use crate::output::style::{CYAN, DIM, PLAIN};

pub(super) fn parts(person: &PersonPart) -> Parts {
    let execution = person.execution.as_deref().map(workflow);
    let step = person.step.as_deref().map(step_name);
    let about = match (execution, step, &person.event) {
        (Some(workflow), Some(step), _) => format!("  {workflow} · {step}"),
        (Some(workflow), None, _) => format!("  {workflow}"),
        (None, _, Some(event)) => format!("  {DIM}{event}{PLAIN}"),
        (None, ..) => String::new(),
    };
    let generation = match person.generation {
        Some(generation) => format!("  generation {generation}"),
        None => String::new(),
    };
    let what = format!("{} by {}{about}{generation}", deed(person.what), person.by);
    let mut more: Vec<String> = person.reason.iter().map(|why| format!("“{why}”")).collect();
    more.extend(
        person
            .record
            .iter()
            .map(|record| format!("record {record}")),
    );
    (CYAN, "person", what, more)
}

fn deed(deed: Deed) -> &'static str {
    match deed {
        Deed::Approve => "approved",
        Deed::Edit => "edited",
        Deed::Reject => "rejected",
        Deed::Retry => "retried",
        Deed::Done => "declared done",
        Deed::Resolve => "resolved",
        Deed::Redrive => "redriven",
        Deed::Rerun => "run anew",
        Deed::Suppress => "put on the list",
        Deed::Unsuppress => "taken off the list",
    }
}
