//! `holdfast rollback`: makes the version that was live before live again.

use clap::Args;
use holdfast_engine::name::{PackName, TenantName};

use crate::deciding::Person;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::style::{GREEN, PLAIN};
use crate::place::{OnStage, Stage};
use crate::publishing::{self, Outcome, Published};

/// What to go back from.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The name of the pack, as in its pack.yaml
    pack: PackName,
    /// The tenant; every tenant that has the pack where it is left out
    #[arg(long)]
    tenant: Option<TenantName>,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    stage: OnStage,
}

/// Goes back.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let stage = Stage::open(&arguments.stage.stack()).await?;
    let (pack, by) = (&arguments.pack, arguments.person.name());
    let tenants = publishing::tenants(&stage, arguments.tenant.as_ref())?;
    let mut told = Vec::new();
    let ended = async {
        for tenant in &tenants {
            told.extend(publishing::roll_back(&stage, tenant, pack, &by).await?);
        }
        Ok(Exit::Done)
    }
    .await;
    if told.is_empty() {
        let message = format!("no version of pack `{pack}` is live there");
        return ended.and(Err(Failure::wrong("UnknownPack", message)));
    }
    // What was done before a failure is told, too.
    output.result(&told, |told| {
        let lines: Vec<_> = told.iter().map(text).collect();
        lines.join("\n")
    });
    ended
}

fn text(published: &Published) -> String {
    let Published { tenant, live, .. } = published;
    let before = published.before.as_deref().unwrap_or("nothing");
    match published.outcome {
        Outcome::CanaryEnded => {
            format!("{GREEN}ended{PLAIN} the canary of {tenant}: every record has {live}")
        }
        _ => format!("{GREEN}rolled back{PLAIN} {tenant} from {before} to {live}"),
    }
}
