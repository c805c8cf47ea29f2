//! `holdfast stop` and `holdfast start`: a person holds the work of a workflow, or of a connection, back.

use clap::Args;
use holdfast_embedded::control::{Held, Hold, Word};
use holdfast_engine::name::{ConnectionName, TenantName, WorkflowName};
use serde::Serialize;

use crate::data::tenant;
use crate::deciding::Person;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::style::{GREEN, PLAIN, YELLOW};
use crate::place::{At, Place, at};

/// Which workflow or connection.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The workflow
    #[arg(required_unless_present = "connection")]
    workflow: Option<WorkflowName>,
    /// All calls through this connection, instead of a workflow
    #[arg(long, conflicts_with = "workflow")]
    connection: Option<ConnectionName>,
    /// The tenant; the only one there is where it is left out
    #[arg(long)]
    tenant: Option<TenantName>,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    at: At,
}

impl Which {
    fn what(&self) -> Result<Held, Failure> {
        match (&self.workflow, &self.connection) {
            (Some(name), None) => Ok(Held::Workflow(name.clone())),
            (None, Some(name)) => Ok(Held::Connection(name.clone())),
            _ => {
                let message = "name a workflow, or a connection with --connection";
                Err(Failure::Usage(message.to_owned()))
            }
        }
    }

    /// As it is typed again.
    fn typed(&self) -> String {
        match (&self.workflow, &self.connection) {
            (_, Some(name)) => format!("--connection {name}"),
            (name, None) => name.as_ref().map_or_else(String::new, ToString::to_string),
        }
    }
}

/// What to stop.
#[derive(Debug, Args)]
pub(crate) struct StopArguments {
    #[command(flatten)]
    which: Which,
    /// Why: whoever looks at the workflow sees it
    #[arg(long)]
    reason: String,
}

/// What to start.
#[derive(Debug, Args)]
pub(crate) struct StartArguments {
    #[command(flatten)]
    which: Which,
    /// Why: whoever looks at what was started sees it
    #[arg(long)]
    reason: Option<String>,
}

/// What came of it, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Told {
    /// What was stopped or started: `workflow pack/name`.
    subject: String,
    tenant: String,
    before: &'static str,
    after: &'static str,
    by: String,
}

/// Stops.
pub(crate) async fn stop(arguments: &StopArguments, output: Output) -> Result<Exit, Failure> {
    let word = Word::Stop {
        by: arguments.which.person.name(),
        reason: arguments.reason.clone(),
    };
    let which = &arguments.which;
    let told = at!(which.at, |place| hold(place, which, word).await)?;
    output.result(&told, |told| {
        format!(
            "{YELLOW}stopped{PLAIN} {} by {}: its work waits, nothing is lost\n  holdfast start {} --tenant {}",
            told.subject, told.by, which.typed(), told.tenant
        )
    });
    Ok(Exit::Done)
}

/// Starts.
pub(crate) async fn start(arguments: &StartArguments, output: Output) -> Result<Exit, Failure> {
    let word = Word::Start {
        by: arguments.which.person.name(),
        reason: arguments.reason.clone(),
    };
    let which = &arguments.which;
    let told = at!(which.at, |place| hold(place, which, word).await)?;
    output.result(&told, |told| {
        format!(
            "{GREEN}started{PLAIN} {} by {}: what waited comes back within minutes",
            told.subject, told.by
        )
    });
    Ok(Exit::Done)
}

async fn hold(place: &mut impl Place, which: &Which, word: Word) -> Result<Told, Failure> {
    let tenant = tenant(which.tenant.as_ref(), place.ports()).await?;
    let request = Hold {
        tenant: tenant.clone(),
        what: which.what()?,
        word,
    };
    let breaker = place.hold(&request).await?;
    Ok(Told {
        subject: breaker.subject,
        tenant: tenant.to_string(),
        before: breaker.before.name(),
        after: breaker.after.name(),
        by: which.person.name(),
    })
}
