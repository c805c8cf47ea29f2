//! What a person does with a breaker: stops and starts the work behind it.

use jiff::Timestamp;

use super::record::record_key;
use super::{Effect, Event, Next, State, Subject, step};
use crate::definition::model::Pack;
use crate::key;
use crate::name::{ConnectionName, PackName, TenantName, WorkflowName};
use crate::operation::{Choice, Decision, ErrorRecord, Mark};
use crate::port::{
    Clock, CommitError, Definitions, DefinitionsError, Expect, Item, Journal, Key, PortError,
    Ports, Write,
};

/// How often a change is decided again because the breaker had changed.
const MAX_LOOKS: u32 = 10;

/// What a person's word changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What was stopped or started.
    pub subject: Subject,
    /// The state before.
    pub before: State,
    /// The state now.
    pub after: State,
}

/// Why a person's word changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is stopped already.
    #[error("it was stopped by {by} at {at}: {reason}")]
    AlreadyStopped {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Nothing holds its work back.
    #[error("it is not stopped")]
    NotStopped,
    /// No live pack of the tenant has this workflow.
    #[error("tenant {tenant} has no workflow {workflow}")]
    NoSuchWorkflow {
        /// The tenant.
        tenant: TenantName,
        /// The workflow.
        workflow: WorkflowName,
    },
    /// No live pack of the tenant has this connection.
    #[error("tenant {tenant} has no connection {connection}")]
    NoSuchConnection {
        /// The tenant.
        tenant: TenantName,
        /// The connection.
        connection: ConnectionName,
    },
    /// The breaker kept changing.
    #[error("the breaker kept changing")]
    Contended,
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The definitions could not be had.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
}

impl Refusal {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyStopped { .. } => "AlreadyStopped",
            Self::NotStopped => "NotStopped",
            Self::NoSuchWorkflow { .. } => "NoSuchWorkflow",
            Self::NoSuchConnection { .. } => "NoSuchConnection",
            Self::Contended => "Contended",
            Self::Port(error) => error.code(),
            Self::Definitions(error) => error.code(),
        }
    }
}

/// The breaker of a workflow that a person names: that of the live pack that has it.
///
/// # Errors
/// [`Refusal::NoSuchWorkflow`], or a failure of the store.
pub async fn workflow<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    name: &WorkflowName,
) -> Result<Subject, Refusal> {
    let pack = pack_of(ports, tenant, |pack| pack.workflows.contains_key(name)).await?;
    pack.map(|pack| Subject::workflow(&pack, name))
        .ok_or_else(|| Refusal::NoSuchWorkflow {
            tenant: tenant.clone(),
            workflow: name.clone(),
        })
}

/// The breaker of a connection that a person names: that of the live pack that has it.
///
/// # Errors
/// [`Refusal::NoSuchConnection`], or a failure of the store.
pub async fn connection<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    name: &ConnectionName,
) -> Result<Subject, Refusal> {
    let pack = pack_of(ports, tenant, |pack| pack.connections.contains_key(name)).await?;
    pack.map(|pack| Subject::connection(&pack, name))
        .ok_or_else(|| Refusal::NoSuchConnection {
            tenant: tenant.clone(),
            connection: name.clone(),
        })
}

async fn pack_of<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    has: impl Fn(&Pack) -> bool,
) -> Result<Option<PackName>, Refusal> {
    let live = ports.definitions().live(tenant).await?.unwrap_or_default();
    let canaries = ports.definitions().canaries(tenant).await?;
    let canaries = canaries.iter().map(|canary| &canary.pack);
    let found = live.iter().chain(canaries).find(|pack| has(pack));
    Ok(found.map(|pack| pack.manifest.pack.clone()))
}

/// Stops what a breaker guards: its work is parked from now on, whatever its state was. Other
/// processes see it within two seconds; what is under way ends.
///
/// # Errors
/// [`Refusal::AlreadyStopped`], or a failure of the store.
pub async fn stop<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    subject: &Subject,
    by: &str,
    reason: &str,
) -> Result<Changed, Refusal> {
    let (by, reason) = (by.to_owned(), reason.to_owned());
    change(ports, tenant, subject, &Event::Stopped { by, reason }).await
}

/// Starts what a person had stopped, or what is open or half-open and need not wait any longer.
/// Parked work comes back when its wait is over: within five minutes after a stop.
///
/// # Errors
/// [`Refusal::NotStopped`], or a failure of the store.
pub async fn start<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    subject: &Subject,
    by: &str,
    reason: Option<&str>,
) -> Result<Changed, Refusal> {
    let (by, reason) = (by.to_owned(), reason.map(str::to_owned));
    change(ports, tenant, subject, &Event::Started { by, reason }).await
}

async fn change<P: Ports>(
    ports: &P,
    tenant: &TenantName,
    subject: &Subject,
    event: &Event,
) -> Result<Changed, Refusal> {
    let keys = [key::breaker(tenant, subject), record_key(tenant, subject)];
    for _ in 0..MAX_LOOKS {
        let read = ports.journal().read(&keys).await?;
        let [item, record] = read.try_into().unwrap_or_default();
        let before = state(item.as_ref())?;
        let now = ports.clock().now();
        let Some(next) = step(&before, event, now) else {
            return Err(refusal(before));
        };
        let mark = mark(event, now);
        let writes = writes(&keys, [item.as_ref(), record.as_ref()], &next, mark)?;
        match ports.journal().commit(writes).await {
            Ok(()) => {
                return Ok(Changed {
                    subject: subject.clone(),
                    before,
                    after: next.state,
                });
            }
            Err(CommitError::Conflict(_)) => {}
            Err(CommitError::Port(error)) => return Err(error.into()),
        }
    }
    Err(Refusal::Contended)
}

fn state(item: Option<&Item>) -> Result<State, PortError> {
    let decoded = item.map(|item| serde_json::from_str(&item.body));
    let unknown = |error: serde_json::Error| PortError::Unavailable(error.to_string());
    Ok(decoded.transpose().map_err(unknown)?.unwrap_or_default())
}

fn refusal(state: State) -> Refusal {
    match state {
        State::Stopped { by, at, reason } => Refusal::AlreadyStopped { by, at, reason },
        _ => Refusal::NotStopped,
    }
}

/// Who says it.
fn mark(event: &Event, at: Timestamp) -> Option<Mark> {
    let (by, reason) = match event {
        Event::Stopped { by, reason } => (by.clone(), Some(reason.clone())),
        Event::Started { by, reason } => (by.clone(), reason.clone()),
        Event::Admitted { .. } | Event::Counted { .. } => return None,
    };
    Some(Mark { by, at, reason })
}

/// The breaker in its next state; its error record closes with it, by the person's decision.
fn writes(
    [breaker, record]: &[Key; 2],
    [item, known]: [Option<&Item>; 2],
    next: &Next,
    mark: Option<Mark>,
) -> Result<Vec<Write>, PortError> {
    let mut writes = vec![put(breaker, item, &next.state)?];
    let open = known
        .and_then(|item| serde_json::from_str::<ErrorRecord>(&item.body).ok())
        .filter(|open| next.effect == Some(Effect::Closed) && open.handling.needs_someone());
    if let (Some(open), Some(mark)) = (open, mark) {
        let (at, choice) = (mark.at, Choice::Resolve);
        let mut handling = open.handling.closed(at);
        handling.decision = Some(Decision { choice, mark });
        writes.push(put(record, known, &ErrorRecord { handling, ..open })?);
    }
    Ok(writes)
}

fn put(key: &Key, item: Option<&Item>, body: &impl serde::Serialize) -> Result<Write, PortError> {
    Write::put(key.clone(), Expect::unchanged(item), body)
}
