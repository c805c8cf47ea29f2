//! `holdfast config`: the settings of tenants.

use clap::{Args, Subcommand};
use holdfast_embedded::control::{SetConfig, SettingChange};
use holdfast_engine::name::{PackName, TenantName};
use serde_json::Value as Json;

use crate::data::DEVELOPMENT_TENANT;
use crate::environment;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::place::{At, Place, at};

/// What to do with settings.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Set a setting; new executions see it at once
    Set {
        #[command(flatten)]
        whose: Whose,
        /// The setting, a field under `config:` in pack.yaml
        field: String,
        /// The value; JSON for lists and objects
        value: String,
        /// Who sets it; the user of this machine where it is left out
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
    /// Take a setting back: its default holds again
    Unset {
        #[command(flatten)]
        whose: Whose,
        /// The setting
        field: String,
        /// Who does it; the user of this machine where it is left out
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
    /// Show every change of the settings, and who made it
    List {
        #[command(flatten)]
        whose: Whose,
    },
}

#[derive(Debug, Args)]
struct Whose {
    /// The name of the pack, as in its pack.yaml
    pack: PackName,
    /// The tenant
    #[arg(long, default_value = DEVELOPMENT_TENANT)]
    tenant: TenantName,
    #[command(flatten)]
    at: At,
}

/// Sets or lists.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    match &arguments.action {
        Action::Set {
            whose,
            field,
            value,
            by,
        } => set(whose, field, Some(value), by.as_deref(), output).await,
        Action::Unset { whose, field, by } => set(whose, field, None, by.as_deref(), output).await,
        Action::List { whose } => list(whose, output).await,
    }
}

async fn set(
    whose: &Whose,
    field: &str,
    value: Option<&String>,
    by: Option<&str>,
    output: Output,
) -> Result<Exit, Failure> {
    let request = SetConfig {
        tenant: whose.tenant.clone(),
        pack: whose.pack.clone(),
        name: field.to_owned(),
        value: value.cloned(),
        by: by.map_or_else(environment::user, str::to_owned),
    };
    let change = at!(whose.at, |place| place.set(&request).await)?;
    output.result(&change, shown);
    Ok(Exit::Done)
}

async fn list(whose: &Whose, output: Output) -> Result<Exit, Failure> {
    let changes = at!(whose.at, |place| {
        place.history(&whose.tenant, &whose.pack).await
    })?;
    output.result(&changes, |changes| {
        let lines: Vec<_> = changes.iter().map(shown).collect();
        if lines.is_empty() {
            return "nothing is set: every default holds".to_owned();
        }
        lines.join("\n")
    });
    Ok(Exit::Done)
}

fn shown(change: &SettingChange) -> String {
    let value = |value: &Option<Json>| {
        let value = value.as_ref();
        value.map_or_else(|| "(default)".to_owned(), ToString::to_string)
    };
    format!(
        "{}: {} → {} (version {}, by {}, {})",
        change.name,
        value(&change.old),
        value(&change.new),
        change.version,
        change.by,
        change.at
    )
}
