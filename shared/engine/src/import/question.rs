//! The review item of an import. There is one for all of its mistakes, with the first of them: a
//! person mends a file, not one row of it after the other, and fifty thousand items would bury
//! what else waits. The verdict of each row is in the file of results.

use serde_json::json;

use super::decide::Rules;
use super::{Batch, Import, Outcome};
use crate::definition::model::Severity;
use crate::hash;
use crate::key;
use crate::operation::{Handling, REVIEW, ReviewItem, ReviewKind};
use crate::port::{Change, CommitError, Expect, Item, Journal, Key, PortError, Ports, Write};

/// Mistakes that the item shows.
const SHOWN: usize = 20;

/// How often it is asked again because the item had changed.
const MAX_LOOKS: u32 = 20;

/// Asks a person about the mistakes of a batch. One that was asked about before stays as it is.
pub(super) async fn ask<P: Ports>(
    ports: &P,
    batch: &Batch,
    outcomes: &[Outcome],
    rules: &Rules<'_>,
) -> Result<(), PortError> {
    let wrong: Vec<&Outcome> = outcomes
        .iter()
        .filter(|outcome| outcome.verdict.is_mistake())
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let key = key::operation(&batch.import.tenant, REVIEW, &id(&batch.import));
    for _ in 0..MAX_LOOKS {
        let found = read(ports, &key).await?;
        let Some(write) = question(batch, &wrong, (&key, found.as_ref()), rules)? else {
            return Ok(());
        };
        match ports.journal().commit(vec![write]).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Port(error)) => return Err(error),
        }
    }
    Err(PortError::Unavailable(
        "the review item of the import kept changing".to_owned(),
    ))
}

async fn read<P: Ports>(ports: &P, key: &Key) -> Result<Option<Item>, PortError> {
    let found = ports.journal().read(std::slice::from_ref(key)).await?;
    Ok(found.into_iter().flatten().next())
}

fn id(import: &Import) -> String {
    hash::base32(&[b"import", import.id.as_str().as_bytes()])
}

/// The write of the item; `None`: it knows these mistakes.
fn question(
    batch: &Batch,
    wrong: &[&Outcome],
    (key, found): (&Key, Option<&Item>),
    rules: &Rules<'_>,
) -> Result<Option<Write>, PortError> {
    let unreadable = |error: serde_json::Error| PortError::Unavailable(error.to_string());
    let earlier: Option<ReviewItem> = found
        .map(|item| serde_json::from_str(&item.body))
        .transpose()
        .map_err(unreadable)?;
    let new = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
    let mistakes = batch.mistakes.saturating_add(new);
    if earlier
        .as_ref()
        .is_some_and(|item| counted(item) >= mistakes)
    {
        return Ok(None);
    }
    let item = item(rules, wrong, mistakes, earlier.as_ref());
    let body = serde_json::to_string(&item).map_err(unreadable)?;
    Ok(Some(Write {
        key: key.clone(),
        expect: Expect::unchanged(found),
        change: Change::Put(body),
    }))
}

fn item(
    rules: &Rules<'_>,
    wrong: &[&Outcome],
    mistakes: u64,
    earlier: Option<&ReviewItem>,
) -> ReviewItem {
    let (import, now) = (rules.import, rules.now);
    let handling = Handling::opened(now, Severity::P2);
    let (file, rows) = (&import.file, import.rows);
    let mut first: Vec<serde_json::Value> = earlier
        .and_then(|item| item.report.get("first")?.as_array().cloned())
        .unwrap_or_default();
    let room = SHOWN.saturating_sub(first.len());
    first.extend(wrong.iter().take(room).map(|outcome| json!(outcome)));
    ReviewItem {
        id: id(import),
        kind: ReviewKind::InvalidInput,
        title: format!("{mistakes} of {rows} rows of `{file}` were not imported"),
        severity: Severity::P2,
        handling: match earlier {
            Some(earlier) => handling.again(&earlier.handling),
            None => handling,
        },
        tenant: import.tenant.clone(),
        at: earlier.map_or(now, |earlier| earlier.at),
        function: "import".to_owned(),
        execution: None,
        step: None,
        report: json!({
            "import": import.id,
            "type": import.record_type,
            "by": import.by,
            "version": rules.pack.manifest.to_string(),
            "rows": rows,
            "mistakes": mistakes,
            "first": first,
        }),
        subject: String::new(),
    }
}

/// How many mistakes an item counts.
fn counted(item: &ReviewItem) -> u64 {
    let counted = item.report.get("mistakes");
    counted.and_then(serde_json::Value::as_u64).unwrap_or(0)
}
