//! `holdfast rerun`: runs an execution anew, from a step on.

use clap::Args;
use holdfast_engine::id::{ExecutionRef, StepKey};
use holdfast_engine::key;
use holdfast_engine::name::StepId;
use holdfast_engine::operate::{Operate, Outcome, Rerun};
use holdfast_engine::port::{Item, Journal as _, Ports};
use serde::Serialize;

use crate::deciding::Person;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::style::{GREEN, PLAIN, YELLOW};
use crate::place::{At, Place, at};

/// What to run anew.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Arguments {
    /// The execution: tenant/type/record/workflow/execution
    #[arg(value_name = "REF")]
    reference: ExecutionRef,
    /// The first step that runs anew
    #[arg(long, value_name = "STEP")]
    from: StepId,
    /// The version: the beginning of its hash, or `live`; else the execution's own
    #[arg(long)]
    version: Option<String>,
    /// Repeat effects that may have happened
    #[arg(long)]
    again: bool,
    /// The generation that you saw: the same command once more then makes no other
    #[arg(long, value_name = "N")]
    generation: Option<u32>,
    /// Why: it is kept with the record
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    at: At,
}

/// What came of it, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Told {
    execution: String,
    generation: u32,
    steps: Vec<String>,
    /// Those of the steps whose effect is not repeated: it happened, under their `once` key.
    suppressed: Vec<String>,
    /// Whether what was sent waits until a process serves.
    waits: bool,
}

/// Runs anew.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    at!(arguments.at, |place| rerun(place, arguments, output).await)
}

async fn rerun(
    place: &mut impl Place,
    arguments: &Arguments,
    output: Output,
) -> Result<Exit, Failure> {
    let seen = seen(place.ports(), arguments).await?;
    let request = Operate::Rerun(Rerun {
        execution: arguments.reference.clone(),
        from: arguments.from.clone(),
        version: arguments.version.clone(),
        again: arguments.again,
        seen: Some(seen),
        by: arguments.person.name(),
        reason: arguments.reason.clone(),
    });
    let Outcome::Rerun {
        execution,
        generation,
        steps,
        suppressed,
    } = place
        .one(request)
        .await
        .map_err(|failure| unanswered(failure, seen))?
    else {
        let message = "`serve` answered something else";
        return Err(Failure::unreachable("ControlVersion", message));
    };
    let names = |steps: &[StepKey]| steps.iter().map(ToString::to_string).collect();
    let told = Told {
        execution: execution.to_string(),
        generation,
        steps: names(&steps),
        suppressed: names(&suppressed),
        waits: place.waits().is_some(),
    };
    output.result(&told, text);
    if let Some(waits) = place.waits() {
        output.note(format!("{YELLOW}note:{PLAIN} {waits}"));
    }
    Ok(Exit::Done)
}

/// The generation that the person saw; else the one that there is now.
async fn seen(ports: &impl Ports, arguments: &Arguments) -> Result<u32, Failure> {
    if let Some(seen) = arguments.generation {
        return Ok(seen);
    }
    let key = key::generation(&arguments.reference);
    let found = ports.journal().read(&[key]).await?;
    let number = |item: Item| item.body.parse().ok();
    Ok(found.into_iter().flatten().find_map(number).unwrap_or(1))
}

/// What was asked for may have been done: said again, it must not be done twice.
fn unanswered(failure: Failure, seen: u32) -> Failure {
    match failure {
        Failure::Unreachable { code, message } => Failure::Unreachable {
            code,
            message: format!(
                "{message}\nwhether it runs anew is not known: the same command with \
                 --generation {seen} makes sure that it does, once"
            ),
        },
        other => other,
    }
}

fn text(told: &Told) -> String {
    let (suppressed, sent): (Vec<_>, Vec<_>) = told
        .steps
        .iter()
        .map(String::as_str)
        .partition(|step| told.suppressed.iter().any(|other| other == step));
    let mut lines = vec![format!(
        "{GREEN}generation {}{PLAIN} of {}",
        told.generation, told.execution
    )];
    if told.steps.is_empty() {
        lines.push("  nothing follows: every step was left out".to_owned());
    }
    if !sent.is_empty() {
        lines.push(format!("  sent: {}", sent.join(", ")));
    }
    if !suppressed.is_empty() {
        let steps = suppressed.join(", ");
        lines.push(format!(
            "  not repeated: {steps}, whose `once` key is done; what follows goes on with its result"
        ));
    }
    lines.push(format!("  holdfast trace {}", told.execution));
    lines.join("\n")
}
