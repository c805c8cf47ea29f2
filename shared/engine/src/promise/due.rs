//! The timers of promises, and the messages that they send when they are due.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::contract::time_zone;
use crate::definition::model::{ManifestId, Pack};
use crate::expr::duration::Span;
use crate::id::{EventId, ExecutionRef};
use crate::name::TenantName;
use crate::port::{Outgoing, PortError, QueueName, Timer};
use crate::route::{Decision, EventEntry};

/// The function that looks at promises.
pub const QUEUE: &str = "run-timers";

/// What is due: the message of a timer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Due {
    /// An execution should be at its end.
    Deadline(Promise),
    /// The outcome of an execution should have followed.
    Outcome(Promise),
}

/// The execution that a promise was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The execution.
    pub execution: ExecutionRef,
    /// Its generation; a re-run makes a promise of its own.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub generation: u32,
    /// The version that it keeps.
    pub manifest: ManifestId,
    /// The event that started it.
    pub event: EventId,
    /// When it started.
    pub started_at: Timestamp,
}

/// The generation that every execution starts with.
pub(super) const fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(super) const fn is_first(generation: &u32) -> bool {
    *generation == first()
}

impl Due {
    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantName {
        let (Self::Deadline(promise) | Self::Outcome(promise)) = self;
        &promise.execution.home.tenant
    }
}

/// The timers of an execution that a decision started: computed from nothing but what was
/// written down, so that a replay arms the same ones, and arming twice is arming once.
///
/// # Errors
/// [`PortError::Unavailable`] when a message does not encode.
pub fn timers(
    pack: &Pack,
    entry: &EventEntry,
    decision: &Decision,
) -> Result<Vec<Timer>, PortError> {
    let Some(execution) = EventEntry::execution(decision) else {
        return Ok(Vec::new());
    };
    let promise = Promise {
        execution,
        generation: first(),
        manifest: decision.manifest.clone(),
        event: entry.event.id.clone(),
        started_at: entry.decided_at,
    };
    timers_of(pack, promise, entry)
}

/// The timers of a promise that was made for an execution of this event.
///
/// # Errors
/// [`PortError::Unavailable`] when a message does not encode.
pub(crate) fn timers_of(
    pack: &Pack,
    promise: Promise,
    entry: &EventEntry,
) -> Result<Vec<Timer>, PortError> {
    let Some(workflow) = pack.workflows.get(&promise.execution.workflow) else {
        return Ok(Vec::new());
    };
    let started_at = promise.started_at;
    let config = entry.config.get(promise.manifest.pack.as_str());
    let tz = time_zone(config.unwrap_or(&Map::new()));
    let outcome = workflow.outcome.as_ref().map(|outcome| outcome.within);
    let promises = [
        (
            workflow.deadline,
            "deadline",
            Due::Deadline(promise.clone()),
        ),
        (outcome, "outcome", Due::Outcome(promise)),
    ];
    let made = promises.into_iter().filter_map(|(span, name, due)| {
        let at = span.and_then(|span: Span| span.add_to(started_at, &tz).ok())?;
        Some(timer(at, name, &due, started_at))
    });
    made.collect()
}

fn timer(at: Timestamp, name: &str, due: &Due, created: Timestamp) -> Result<Timer, PortError> {
    let (Due::Deadline(promise) | Due::Outcome(promise)) = due;
    let body =
        serde_json::to_string(due).map_err(|error| PortError::Unavailable(error.to_string()))?;
    Ok(Timer {
        due: at,
        id: id(name, promise),
        message: Outgoing {
            queue: QueueName::of(QUEUE),
            body,
            delay: Duration::ZERO,
            tenant: promise.execution.home.tenant.clone(),
            created,
        },
    })
}

fn id(name: &str, promise: &Promise) -> String {
    let execution = &promise.execution.execution;
    match promise.generation {
        1 => format!("{name}/{execution}"),
        generation => format!("{name}/{execution}/{generation}"),
    }
}
