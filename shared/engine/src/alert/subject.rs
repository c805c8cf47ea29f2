//! What an alert is about, in words that hold no personal value: names, codes and references only.
//! A failure's own message may quote an input, so it stays in the operation.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::CANARY;
use crate::breaker::{BREAKER_OPENED, start_command};
use crate::hash;
use crate::operation::{Operation, ReviewKind};

/// The functions that call people: they never call people about themselves.
const OWN: [&str; 2] = ["handle-error", "notify-oncall"];

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The operation's partition.
    pub partition: String,
    /// The operation's id.
    pub id: String,
    /// The stable name of what happened.
    pub code: String,
    /// What happened.
    pub title: String,
    /// The reference of the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The pack whose `alerts:` say whom to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// The command that shows it.
    pub show: String,
    /// The command that repairs it.
    pub repair: String,
}

/// Whether an operation is about the error route itself.
#[must_use]
pub fn is_own(operation: &Operation) -> bool {
    OWN.contains(&operation.function())
}

/// What happens alike: tenant, workflow or function, step and code. The elements of a step with
/// `each` are alike.
#[must_use]
pub fn fingerprint(operation: &Operation) -> String {
    let tenant = operation.tenant().map_or("-", |tenant| tenant.as_str());
    let step = operation.step().map(|step| step.whole().to_string());
    let step = step.as_deref().unwrap_or_default();
    let parts = [tenant, origin(operation), step, operation.code()];
    hash::base32(&parts.map(str::as_bytes))
}

/// The workflow, or the function of what belongs to none.
fn origin(operation: &Operation) -> &str {
    match operation.execution() {
        Some(execution) => execution.workflow.as_str(),
        None => operation.function(),
    }
}

impl Subject {
    /// What an alert about this operation says.
    #[must_use]
    pub fn of(operation: &Operation) -> Self {
        let id = operation.id();
        let list = match operation {
            Operation::Error(_) => "errors",
            Operation::Review(_) => "review",
        };
        Self {
            partition: operation.key().partition,
            id: id.to_owned(),
            code: operation.code().to_owned(),
            title: title(operation),
            reference: operation.execution().map(ToString::to_string),
            pack: pack(operation),
            show: format!("holdfast {list} show {id}"),
            repair: repair(operation),
        }
    }
}

fn title(operation: &Operation) -> String {
    let (origin, code) = (origin(operation), operation.code());
    match (operation, operation.step()) {
        (Operation::Error(error), _) if [BREAKER_OPENED, CANARY].contains(&code) => {
            error.message.clone()
        }
        (Operation::Error(_), Some(step)) => {
            format!("step {step} of workflow {origin} failed: {code}")
        }
        (Operation::Error(_), None) => format!("{origin} could not handle a message: {code}"),
        (Operation::Review(item), Some(step)) if item.kind == ReviewKind::UnknownOutcome => {
            format!("step {step} of workflow {origin} may or may not have acted")
        }
        (Operation::Review(_), Some(step)) => {
            format!("step {step} of workflow {origin} needs a decision: {code}")
        }
        (Operation::Review(_), None) => format!("input of {origin} needs a decision: {code}"),
    }
}

/// The pack of a version, `pack@hash`.
fn pack(operation: &Operation) -> Option<String> {
    let version = match operation {
        Operation::Error(error) => error.version.as_deref(),
        Operation::Review(item) => item.report.get("version").and_then(Json::as_str),
    };
    let (pack, _) = version?.split_once('@')?;
    Some(pack.to_owned())
}

fn repair(operation: &Operation) -> String {
    let id = operation.id();
    match operation {
        Operation::Error(error) if error.code == BREAKER_OPENED => {
            start_command(error).unwrap_or_else(|| format!("holdfast errors show {id}"))
        }
        Operation::Error(error) => match &error.execution {
            Some(execution) => format!("holdfast redrive --ref {execution}"),
            None => format!("holdfast redrive --queue {}", error.function),
        },
        Operation::Review(item) => match item.kind {
            ReviewKind::FailedStep | ReviewKind::UnknownOutcome => {
                format!("holdfast review retry {id}")
            }
            // The rows of a file are mended in the file.
            ReviewKind::InvalidInput if item.subject.is_empty() => {
                format!("holdfast review show {id}")
            }
            ReviewKind::InvalidInput => format!("holdfast review edit {id}"),
            ReviewKind::AmbiguousRecord => format!("holdfast review approve {id}"),
            ReviewKind::ProbableDuplicate => format!("holdfast errors resolve {id}"),
        },
    }
}
