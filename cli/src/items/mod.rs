//! What needs someone, as commands read it: error records and review items, found by the
//! beginning of their ids.

mod free_text;
mod likeness;
mod mask;
mod row;
mod show;
mod text;

use holdfast_engine::operate::ItemRef;
use holdfast_engine::operation::Operation;
use holdfast_engine::port::{OperationList, PortError, Ports, Which};
use jiff::Timestamp;

use crate::failure::Failure;

pub(crate) use mask::Mask;
pub(crate) use row::{Row, list, state};
pub(crate) use show::Detail;
pub(crate) use text::{text, violation};

/// Operations read at once.
const PAGE: usize = 500;

/// How much of an id lists show: enough to tell thousands apart.
pub(crate) const SHORT_ID: usize = 10;

/// Every operation, newest first.
///
/// # Errors
/// [`PortError`] when the store fails.
pub(crate) async fn all(ports: &impl Ports, which: Which) -> Result<Vec<Operation>, PortError> {
    let operations = ports.operations();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let mut page = operations.list(which, after.as_deref(), PAGE).await?;
        after = page.next.take();
        all.extend(page.into_operations());
        if after.is_none() {
            all.sort_by_key(|operation| std::cmp::Reverse(latest(operation)));
            return Ok(all);
        }
    }
}

/// When it happened last.
pub(crate) fn latest(operation: &Operation) -> Timestamp {
    let opened = operation.handling().opened_at;
    match operation {
        Operation::Error(record) => record.last_at.max(opened),
        Operation::Review(_) => opened,
    }
}

/// The workflow, of a step's operation.
pub(crate) fn workflow(operation: &Operation) -> Option<&str> {
    Some(operation.execution()?.workflow.as_str())
}

/// How requests name an operation.
pub(crate) fn reference(operation: &Operation) -> ItemRef {
    ItemRef {
        tenant: operation.tenant().cloned(),
        id: operation.id().to_owned(),
    }
}

/// The operation whose id is this, or begins so; settled ones too.
///
/// # Errors
/// [`Failure`] when there is none, or when there are several, with each of them.
pub(crate) async fn find(ports: &impl Ports, id: &str, mask: &Mask) -> Result<Operation, Failure> {
    let mut found = all(ports, Which::All).await?;
    found.retain(|operation| operation.id().starts_with(id));
    if let Some(at) = found.iter().position(|operation| operation.id() == id) {
        return Ok(found.swap_remove(at));
    }
    if found.len() > 1 || id.is_empty() {
        return Err(ambiguous(id, &found, mask));
    }
    found.pop().ok_or_else(|| {
        let message = format!(
            "nothing has an id that begins with `{id}`; `holdfast review list --all` shows every item"
        );
        Failure::wrong("UnknownItem", message)
    })
}

fn ambiguous(id: &str, found: &[Operation], mask: &Mask) -> Failure {
    const SHOWN: usize = 10;
    let mut lines = vec![format!(
        "{} items have an id that begins with `{id}`:",
        found.len()
    )];
    lines.extend(found.iter().take(SHOWN).map(|operation| {
        let (code, message) = (operation.code(), mask.message(operation));
        format!("  {}  {code}  {message}", operation.id())
    }));
    if found.len() > SHOWN {
        lines.push(format!("  and {} more", found.len() - SHOWN));
    }
    Failure::wrong("AmbiguousId", lines.join("\n"))
}
