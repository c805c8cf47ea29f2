//! `holdfast fault`: which calls fail on purpose while `serve --dev` runs.

use clap::{Args, Subcommand};
use holdfast_embedded::control::{self, Answer, Command, InjectedFaults};
use holdfast_embedded::inject::Fault;

use crate::data::DataFolder;
use crate::failure::{Exit, Failure};
use crate::faults;
use crate::output::{Output, counted};

/// What to do with faults.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Set the faults, in place of those that are
    Set {
        /// `<connection>=<kind>[:rate]`, as for `serve --fault`
        #[arg(required = true, value_name = "FAULT")]
        faults: Vec<Fault>,
        #[command(flatten)]
        data: DataFolder,
    },
    /// Let calls succeed again
    Clear {
        #[command(flatten)]
        data: DataFolder,
    },
    /// Show the faults, their seed, and how many calls failed
    List {
        #[command(flatten)]
        data: DataFolder,
    },
}

/// Sets, clears or lists.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let set = |faults: &[Fault]| Command::SetFaults {
        faults: faults.iter().map(ToString::to_string).collect(),
    };
    let (data, command) = match &arguments.action {
        Action::Set { faults, data } => (data, set(faults)),
        Action::Clear { data } => (data, set(&[])),
        Action::List { data } => (data, Command::Faults),
    };
    output.result(&ask(data, &command)?, shown);
    Ok(Exit::Done)
}

/// Faults live in the process that serves, and end with it.
fn ask(data: &DataFolder, command: &Command) -> Result<InjectedFaults, Failure> {
    let (code, message) = match control::ask(data.path(), command)? {
        Some(Answer::Faults(injected)) => return Ok(injected),
        Some(Answer::Refused(refused)) => {
            return Err(Failure::wrong("FaultsRefused", refused.message));
        }
        Some(_) => ("ControlVersion", "`serve` answered something else"),
        None => (
            "NoControl",
            "nothing serves this data folder; start `holdfast serve --dev`",
        ),
    };
    Err(Failure::unreachable(code, message))
}

fn shown(injected: &InjectedFaults) -> String {
    let struck = usize::try_from(injected.struck).unwrap_or(usize::MAX);
    format!(
        "{} ({} failed)",
        faults::text(injected),
        counted(struck, "call")
    )
}
