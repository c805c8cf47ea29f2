//! `holdfast publish`: makes a version of a pack live on a stage.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use holdfast_engine::alert;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Ports, Secrets};
use serde::Serialize;

use crate::deciding::Person;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::style::{BOLD, GREEN, PLAIN, YELLOW};
use crate::packs::{self, FolderPack, render};
use crate::place::{OnStage, Place as _, Stack as _, Stage};
use crate::publishing::{self, Outcome, Published};

/// What to publish where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder of the pack
    #[arg(value_name = "PACK")]
    pack: PathBuf,
    /// Give it this share of the records, in percent, and leave the stable version to the others
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    canary: Option<u8>,
    /// The tenant; every tenant of the stack where it is left out
    #[arg(long)]
    tenant: Option<TenantName>,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    stage: OnStage,
}

/// What came of it, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Told {
    version: String,
    tenants: Vec<Published>,
}

/// Publishes.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let pack = checked(arguments, output)?;
    let stage = Stage::open(&arguments.stage.stack()).await?;
    let (share, by) = (arguments.canary, arguments.person.name());
    let mut told = Told {
        version: pack.pack.manifest.to_string(),
        tenants: Vec::new(),
    };
    let tenants = publishing::tenants(&stage, arguments.tenant.as_ref())?;
    let ended = async {
        for tenant in &tenants {
            let published = publishing::publish(&stage, tenant, &pack, share, &by).await?;
            let outcome = published.outcome;
            told.tenants.push(published);
            watch_alerts(stage.ports(), tenant, outcome).await?;
            note_missing(&stage, tenant, &pack, output).await?;
        }
        Ok(Exit::Done)
    }
    .await;
    // What was done before a failure is told, too.
    if !told.tenants.is_empty() {
        output.result(&told, text);
    }
    ended
}

/// The pack, when nothing is wrong with it; what is odd about it is said.
fn checked(arguments: &Arguments, output: Output) -> Result<FolderPack, Failure> {
    let found = packs::load(std::slice::from_ref(&arguments.pack))?;
    found.warnings().for_each(|odd| output.note(render(odd)));
    let pack = found.into_packs()?.into_iter().next();
    pack.ok_or_else(|| {
        let message = format!("{} holds no pack", arguments.pack.display());
        Failure::wrong("NoPack", message)
    })
}

/// From its first version on, a tenant's way of alerts is tried every week.
async fn watch_alerts(
    ports: &impl Ports,
    tenant: &TenantName,
    outcome: Outcome,
) -> Result<(), Failure> {
    let begun = alert::path_of(ports.journal(), tenant).await?.is_some();
    if begun && outcome == Outcome::Unchanged {
        return Ok(());
    }
    let begun = alert::begin_path(ports, tenant).await;
    begun.map_err(|trouble| Failure::unreachable(trouble.code(), trouble.to_string()))
}

/// Says which secrets of the pack are not set: what needs them fails until they are. In development
/// they are set to the well-known one.
async fn note_missing(
    stage: &Stage,
    tenant: &TenantName,
    pack: &FolderPack,
    output: Output,
) -> Result<(), Failure> {
    let mut missing = BTreeSet::new();
    for name in pack.pack.secret_names() {
        let unset = stage
            .ports()
            .secrets()
            .secret(tenant, name)
            .await?
            .is_empty();
        if unset && !stage.keep_development_secret(tenant, name).await? {
            missing.insert(name);
        }
    }
    if !missing.is_empty() {
        let names = Vec::from_iter(missing).join(", ");
        output.note(format!(
            "{YELLOW}note:{PLAIN} secrets of {tenant} are not set: {names}"
        ));
    }
    Ok(())
}

fn text(told: &Told) -> String {
    let mut lines = Vec::new();
    for published in &told.tenants {
        lines.extend(told_of(&told.version, published));
    }
    let unchanged = |it: &Published| it.outcome == Outcome::Unchanged;
    if !told.tenants.iter().all(unchanged) {
        lines.push(
            "functions see it within 30 seconds; executions under way keep their version"
                .to_owned(),
        );
    }
    lines.join("\n")
}

fn told_of(version: &str, published: &Published) -> Vec<String> {
    let Published { tenant, live, .. } = published;
    let mut lines = vec![match (published.outcome, &published.before) {
        (Outcome::Unchanged, _) => {
            format!("{BOLD}{live}{PLAIN} is live for {tenant} already: nothing was changed")
        }
        (_, None) => format!("{GREEN}published{PLAIN} {version} for {tenant}, its first version"),
        (_, Some(before)) => {
            format!(
                "{GREEN}published{PLAIN} {version} for {tenant}\n  before  {before}\n  live    {live}"
            )
        }
    }];
    let files = published.files.iter();
    lines.extend(files.map(|it| format!("  {:<8}{}", it.change, it.file)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publishing::FileChange;

    #[test]
    fn what_came_of_it_is_told_for_each_tenant() {
        let published = |tenant: &str, outcome, before: Option<&str>| Published {
            tenant: tenant.to_owned(),
            outcome,
            before: before.map(str::to_owned),
            live: "shop@1111 (canary shop@2222 of 10%)".to_owned(),
            files: Vec::new(),
        };
        let changed = FileChange {
            change: "changed",
            file: "a.workflow.yaml".to_owned(),
        };
        let told = Told {
            version: "shop@2222".to_owned(),
            tenants: vec![
                Published {
                    files: vec![changed],
                    ..published("north", Outcome::Canary, Some("shop@1111"))
                },
                published("south", Outcome::Unchanged, Some("shop@1111")),
            ],
        };
        let lines = [
            "published shop@2222 for north",
            "  before  shop@1111",
            "  live    shop@1111 (canary shop@2222 of 10%)",
            "  changed a.workflow.yaml",
            "shop@1111 (canary shop@2222 of 10%) is live for south already: nothing was changed",
            "functions see it within 30 seconds; executions under way keep their version",
        ];
        let text = text(&told);
        let shown = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
    }
}
