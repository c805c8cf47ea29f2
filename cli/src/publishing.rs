//! Changing what is live of a pack on a stack, and what came of it.

use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::ManifestId;
use holdfast_engine::name::{PackName, TenantName};
use serde::Serialize;

use crate::failure::Failure;
use crate::packs::FolderPack;
use crate::place::{Live, Share, Stack};

/// What came of it for one tenant, for programs: these members stay.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Published {
    pub(crate) tenant: String,
    pub(crate) outcome: Outcome,
    /// What was live before; null: nothing.
    pub(crate) before: Option<String>,
    /// What is live.
    pub(crate) live: String,
    /// The files that differ from the stable version before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<FileChange>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It was so already.
    Unchanged,
    /// It is live for every record.
    Published,
    /// It has a share of the records.
    Canary,
    /// The version that was live before is live again.
    RolledBack,
    /// The canary ended: every record has the stable version.
    CanaryEnded,
}

/// A file that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FileChange {
    pub(crate) change: &'static str,
    pub(crate) file: String,
}

/// Publishes a version for a tenant: for every record, or with a share of them, in percent.
///
/// # Errors
/// [`Failure`] when a canary makes no sense, or the stack fails.
pub(crate) async fn publish(
    stack: &impl Stack,
    tenant: &TenantName,
    pack: &FolderPack,
    canary: Option<u8>,
    by: &str,
) -> Result<Published, Failure> {
    let version = &pack.pack.manifest;
    let before = live(stack, tenant, &version.pack).await?;
    let after = wanted(before.as_ref(), version, canary)
        .map_err(|(code, why)| Failure::wrong(code, format!("{tenant}: {version}: {why}")))?;
    let unchanged = before.as_ref() == Some(&after);
    let files = match &before {
        Some(before) if !unchanged => differences(&stack.texts(&before.stable).await?, &pack.files),
        _ => Vec::new(),
    };
    if !unchanged {
        stack
            .publish(tenant, pack, canary, by)
            .await
            .map_err(|why| of_tenant(tenant, why))?;
    }
    Ok(Published {
        tenant: tenant.to_string(),
        outcome: match (unchanged, &after.canary) {
            (true, _) => Outcome::Unchanged,
            (false, None) => Outcome::Published,
            (false, Some(_)) => Outcome::Canary,
        },
        before: before.map(|before| before.to_string()),
        live: after.to_string(),
        files,
    })
}

/// Ends the canary of a pack, or goes back to the version before; `None`: the tenant has no such
/// pack.
///
/// # Errors
/// [`Failure`] when there is no version before, or the stack fails.
pub(crate) async fn roll_back(
    stack: &impl Stack,
    tenant: &TenantName,
    pack: &PackName,
    by: &str,
) -> Result<Option<Published>, Failure> {
    let Some(before) = live(stack, tenant, pack).await? else {
        return Ok(None);
    };
    let after = stack
        .rollback(tenant, pack, by)
        .await
        .map_err(|why| of_tenant(tenant, why))?;
    Ok(Some(Published {
        tenant: tenant.to_string(),
        outcome: if before.stable == after.stable {
            Outcome::CanaryEnded
        } else {
            Outcome::RolledBack
        },
        before: Some(before.to_string()),
        live: after.to_string(),
        files: Vec::new(),
    }))
}

/// The tenants that are meant: the one that is named, else all of the stack.
///
/// # Errors
/// [`Failure::Wrong`] when the stack does not serve it.
pub(crate) fn tenants(
    stack: &impl Stack,
    wanted: Option<&TenantName>,
) -> Result<Vec<TenantName>, Failure> {
    let all = stack.tenants();
    let Some(wanted) = wanted else {
        return Ok(all);
    };
    if all.contains(wanted) {
        return Ok(vec![wanted.clone()]);
    }
    let known: Vec<_> = all.iter().map(TenantName::as_str).collect();
    let message = format!(
        "the stack does not serve tenant `{wanted}`; it serves {}",
        known.join(", ")
    );
    Err(Failure::wrong("UnknownTenant", message))
}

/// Says whose it is that was not done.
fn of_tenant(tenant: &TenantName, why: Failure) -> Failure {
    match why {
        Failure::Wrong { code, message } => Failure::Wrong {
            code,
            message: format!("{tenant}: {message}"),
        },
        other => other,
    }
}

async fn live(
    stack: &impl Stack,
    tenant: &TenantName,
    pack: &PackName,
) -> Result<Option<Live>, Failure> {
    let live = stack.live(tenant).await?;
    Ok(live.into_iter().find(|live| live.stable.pack == *pack))
}

/// What is to be live; else the code of the reason why not, and the reason.
fn wanted(
    before: Option<&Live>,
    version: &ManifestId,
    canary: Option<u8>,
) -> Result<Live, (&'static str, &'static str)> {
    let Some(percent) = canary else {
        return Ok(Live {
            stable: version.clone(),
            canary: None,
        });
    };
    match before {
        None => Err((
            "NothingStable",
            "no version is live yet, and a canary needs one beside it; publish without --canary",
        )),
        Some(before) if before.stable == *version => Err((
            "AlreadyLive",
            "it is the stable version: every record has it, so it cannot be the canary",
        )),
        Some(before) => Ok(Live {
            stable: before.stable.clone(),
            canary: Some(Share {
                version: version.clone(),
                percent,
            }),
        }),
    }
}

fn differences(old: &Files, new: &Files) -> Vec<FileChange> {
    let change = |change, file: &String| FileChange {
        change,
        file: file.clone(),
    };
    let mut all: Vec<_> = new
        .iter()
        .filter_map(|(file, text)| match old.get(file) {
            None => Some(change("added", file)),
            Some(before) if before != text => Some(change("changed", file)),
            Some(_) => None,
        })
        .collect();
    let gone = old.keys().filter(|file| !new.contains_key(*file));
    all.extend(gone.map(|file| change("removed", file)));
    all
}

#[cfg(test)]
mod tests;
