//! Items in a list.

use holdfast_engine::definition::model::Severity;
use holdfast_engine::operation::{Operation, ReviewKind, Status};
use jiff::Timestamp;
use serde::Serialize;

use super::{Mask, SHORT_ID, latest, workflow};
use crate::age::ago;
use crate::table::table;

/// An item in a list, for programs: these members stay.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) kind: ReviewKind,
    pub(crate) code: String,
    pub(crate) severity: Severity,
    pub(crate) status: Status,
    pub(crate) message: String,
    pub(crate) tenant: Option<String>,
    pub(crate) function: String,
    /// The execution's reference.
    pub(crate) execution: Option<String>,
    pub(crate) workflow: Option<String>,
    pub(crate) step: Option<String>,
    pub(crate) count: u32,
    pub(crate) opened_at: Timestamp,
    pub(crate) last_at: Timestamp,
    pub(crate) due: Timestamp,
    pub(crate) overdue: bool,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) claimed_by: Option<String>,
    pub(crate) decided_by: Option<String>,
    pub(crate) redriven_by: Option<String>,
    #[serde(skip)]
    state: String,
}

impl Row {
    /// An item at a time.
    pub(crate) fn of(operation: &Operation, mask: &Mask, now: Timestamp) -> Self {
        let handling = operation.handling();
        let decision = handling.decision.as_ref();
        Self {
            id: operation.id().to_owned(),
            kind: operation.kind(),
            code: operation.code().to_owned(),
            severity: operation.severity(),
            status: handling.status,
            message: mask.message(operation),
            tenant: operation.tenant().map(ToString::to_string),
            function: operation.function().to_owned(),
            execution: operation.execution().map(ToString::to_string),
            workflow: workflow(operation).map(str::to_owned),
            step: operation.step().map(ToString::to_string),
            count: match operation {
                Operation::Error(record) => record.count,
                Operation::Review(_) => 1,
            },
            opened_at: handling.opened_at,
            last_at: latest(operation),
            due: handling.due,
            overdue: handling.needs_someone() && handling.due < now,
            acknowledged_by: handling.acknowledged.as_ref().map(|mark| mark.by.clone()),
            claimed_by: handling.claimed.as_ref().map(|mark| mark.by.clone()),
            decided_by: decision.map(|decision| decision.mark.by.clone()),
            redriven_by: handling.redriven.as_ref().map(|mark| mark.by.clone()),
            state: state(operation),
        }
    }
}

impl Row {
    /// What happened, without where it did: that is said beside it.
    pub(crate) fn said(&self) -> &str {
        let (Some(step), Some(execution)) = (&self.step, &self.execution) else {
            return &self.message;
        };
        let place = format!("{step} of {execution}: ");
        self.message.strip_prefix(&place).unwrap_or(&self.message)
    }
}

/// How far an item is: `open`, `claimed by ann`, `redriven`, `closed: resolve by ann`.
pub(crate) fn state(operation: &Operation) -> String {
    let (handling, latest) = (operation.handling(), latest(operation));
    if handling.status == Status::Closed {
        return match &handling.decision {
            Some(decision) => format!("closed: {} by {}", decision.choice.name(), decision.mark.by),
            None => match &handling.redriven {
                Some(mark) => format!("closed: redriven by {}", mark.by),
                None => "closed".to_owned(),
            },
        };
    }
    if let Some(mark) = handling.redriven.as_ref().filter(|mark| mark.at >= latest) {
        return format!("redriven by {}", mark.by);
    }
    match (&handling.claimed, &handling.acknowledged) {
        (Some(mark), _) if handling.status == Status::Claimed => format!("claimed by {}", mark.by),
        (_, Some(mark)) => format!("known to {}", mark.by),
        _ => "open".to_owned(),
    }
}

/// Where something happened: `workflow · step`, else the function.
pub(super) fn place(workflow: Option<&str>, step: Option<&str>, function: &str) -> String {
    match (workflow, step) {
        (Some(workflow), Some(step)) => {
            let step = step.strip_suffix(".1").unwrap_or(step);
            format!("{workflow} · {step}")
        }
        _ => function.to_owned(),
    }
}

/// A list for people.
pub(crate) fn list(rows: &[Row], now: Timestamp) -> String {
    let row = |row: &Row| {
        [
            row.id.chars().take(SHORT_ID).collect(),
            ago(row.last_at, now),
            format!("{:?}", row.severity),
            row.code.clone(),
            if row.overdue {
                format!("{}, overdue", row.state)
            } else {
                row.state.clone()
            },
            place(row.workflow.as_deref(), row.step.as_deref(), &row.function),
            row.said().to_owned(),
        ]
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    let heading = ["ID", "AGE", "SEV", "WHAT", "STATE", "WHERE", "MESSAGE"];
    table(heading, &rows)
}
