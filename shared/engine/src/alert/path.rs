//! The path of alerts itself: tried every week by a canary, and an alarm when it is silent.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::destination::destinations;
use super::incidents::{MAX_LOOKS, Seen, seen_operation};
use super::{CanaryDue, Incidents, Timed, Trouble};
use crate::definition::model::Severity;
use crate::hash;
use crate::key;
use crate::name::TenantName;
use crate::operation::{ERROR, ErrorRecord, Handling, Operation};
use crate::port::{Alert, Change, Clock, Expect, Journal, PortError, Ports, Write};

/// The code of the operation that tries the path.
pub const CANARY: &str = "Canary";

/// How long after its first start the path is tried.
const FIRST: Duration = Duration::from_mins(1);

/// How often it is tried.
const EVERY: Duration = Duration::from_hours(7 * 24);

/// How long a canary may take.
const PATIENCE: Duration = Duration::from_hours(1);

/// How old a proof may be.
const PROOF_AGE: Duration = Duration::from_hours(8 * 24);

/// What is known of a tenant's path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// Whether any live pack says where alerts go.
    pub configured: bool,
    /// Since when it is watched.
    pub since: Timestamp,
    /// When it is tried next.
    pub next: Timestamp,
    /// When it was tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When somebody was reached last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_at: Option<Timestamp>,
}

/// A path that reached nobody when it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Whose.
    pub tenant: TenantName,
    /// Since when.
    pub since: Timestamp,
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "alert path of `{}` silent since {}",
            self.tenant, self.since
        )
    }
}

impl Path {
    /// Since when it has been silent that should not be.
    #[must_use]
    pub fn silent_since(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.configured {
            return None;
        }
        let waited = |since: Timestamp, patience| later(since, patience) < now;
        let proof = self.proven_at.unwrap_or(self.since);
        let unproven = self
            .sent_at
            .filter(|sent| self.proven_at.is_none_or(|at| at < *sent));
        match unproven {
            Some(sent) if waited(sent, PATIENCE) => Some(sent),
            _ if waited(self.next, PATIENCE) => Some(self.next),
            _ if waited(proof, PROOF_AGE) => Some(proof),
            _ => None,
        }
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// What is known of a tenant's path; `None`: nothing was begun.
///
/// # Errors
/// [`PortError`] when the store fails.
pub async fn path_of<J: Journal>(
    journal: &J,
    tenant: &TenantName,
) -> Result<Option<Path>, PortError> {
    let found = journal.read(&[key::alert_path(tenant)]).await?;
    let item = found.into_iter().next().flatten();
    let path = item.map(|item| serde_json::from_str(&item.body));
    path.transpose().map_err(super::incidents::unfit)
}

/// The paths of these tenants that are silent.
///
/// # Errors
/// [`PortError`] when the store fails.
pub async fn silences<P: Ports>(
    ports: &P,
    tenants: &[TenantName],
) -> Result<Vec<Silence>, PortError> {
    let (mut silences, now) = (Vec::new(), ports.clock().now());
    for tenant in tenants {
        let path = path_of(ports.journal(), tenant).await?;
        if let Some(since) = path.and_then(|path| path.silent_since(now)) {
            let tenant = tenant.clone();
            silences.push(Silence { tenant, since });
        }
    }
    Ok(silences)
}

/// Begins to watch a tenant's path, or goes on: to be done at each start and after each publishing
/// of definitions.
///
/// # Errors
/// [`Trouble`]; the same again is harmless.
pub async fn begin_path<P: Ports>(ports: &P, tenant: &TenantName) -> Result<(), Trouble> {
    let found = destinations(ports, Some(tenant), None).await?;
    let reaches = found
        .iter()
        .any(|one| one.chat().is_some() || one.sms().is_some());
    let incidents = Incidents(ports);
    for _ in 0..MAX_LOOKS {
        let seen: Seen<Path> = incidents.see(key::alert_path(tenant)).await?;
        let path = begun(seen.value.as_ref(), reaches, ports.clock().now());
        if path.configured {
            canary(tenant, path.next).arm(ports).await?;
        } else {
            tracing::warn!(%tenant, "alerts go nowhere: no pack says where, by `alerts:` in pack.yaml");
        }
        if seen.value.as_ref() == Some(&path)
            || incidents.commit(vec![seen.put_json(&path)?]).await?
        {
            return Ok(());
        }
    }
    Err(Trouble::Contended)
}

fn begun(before: Option<&Path>, configured: bool, now: Timestamp) -> Path {
    let first = Path {
        configured,
        since: now,
        next: later(now, FIRST),
        sent_at: None,
        proven_at: None,
    };
    match before {
        Some(path) if path.configured && configured => {
            let lost = later(path.next, PATIENCE) < now;
            let next = if lost { first.next } else { path.next };
            Path {
                next,
                ..path.clone()
            }
        }
        Some(path) if path.configured == configured => path.clone(),
        Some(path) => Path {
            sent_at: path.sent_at,
            proven_at: path.proven_at,
            ..first
        },
        None => first,
    }
}

fn canary(tenant: &TenantName, at: Timestamp) -> Timed {
    let tenant = tenant.clone();
    Timed::Canary(CanaryDue { tenant, at })
}

/// Tries the path: an operation like any other, that needs nobody once it was posted.
///
/// # Errors
/// [`Trouble`]; the same again is harmless.
pub async fn canary_due<P: Ports>(ports: &P, due: &CanaryDue) -> Result<(), Trouble> {
    let incidents = Incidents(ports);
    for _ in 0..MAX_LOOKS {
        let seen: Seen<Path> = incidents.see(key::alert_path(&due.tenant)).await?;
        let current = |path: &&Path| path.configured && path.next == due.at;
        let Some(path) = seen.value.as_ref().filter(current) else {
            return Ok(());
        };
        let now = ports.clock().now();
        let tried = Path {
            sent_at: Some(now),
            next: later(now, EVERY),
            ..path.clone()
        };
        canary(&due.tenant, tried.next).arm(ports).await?;
        let operation = Operation::Error(record(due, now));
        let created = Write {
            key: operation.key(),
            expect: Expect::Absent,
            change: Change::Put(operation.encode().map_err(super::incidents::unfit)?),
        };
        if incidents
            .commit(vec![seen.put_json(&tried)?, created])
            .await?
        {
            return Ok(());
        }
    }
    Err(Trouble::Contended)
}

fn record(due: &CanaryDue, now: Timestamp) -> ErrorRecord {
    let at = due.at.to_string();
    ErrorRecord {
        id: hash::base32(&[due.tenant.as_str(), CANARY, &at].map(str::as_bytes)),
        code: CANARY.to_owned(),
        message: "the path of alerts is tried: nothing is to be done".to_owned(),
        severity: Severity::P2,
        handling: Handling::opened(now, Severity::P2),
        function: "canary".to_owned(),
        execution: None,
        step: None,
        version: None,
        tenant: Some(due.tenant.clone()),
        attempt: 1,
        first_at: now,
        last_at: now,
        count: 1,
        message_id: None,
        created: None,
        envelope: String::new(),
    }
}

/// Writes down that a canary reached somebody, and closes its operation.
///
/// # Errors
/// [`Trouble`]; the same again is harmless.
pub async fn proven<P: Ports>(ports: &P, alert: &Alert) -> Result<(), Trouble> {
    let Some(tenant) = &alert.tenant else {
        return Ok(());
    };
    let incidents = Incidents(ports);
    for _ in 0..MAX_LOOKS {
        let seen: Seen<Path> = incidents.see(key::alert_path(tenant)).await?;
        let key = key::operation(tenant, ERROR, &alert.operation);
        let found = incidents.read(std::slice::from_ref(&key)).await?;
        let operation = seen_operation(key, found.into_iter().next().flatten())?;
        let now = ports.clock().now();
        let mut writes = Vec::new();
        if let Some(path) = &seen.value {
            let proven_at = Some(now);
            writes.push(seen.put_json(&Path {
                proven_at,
                ..path.clone()
            })?);
        }
        if let Some(mut closed) = operation
            .value
            .clone()
            .filter(|one| one.handling().needs_someone())
        {
            *closed.handling_mut() = closed.handling().clone().closed(now);
            writes.push(operation.put(&closed)?);
        }
        if writes.is_empty() || incidents.commit(writes).await? {
            return Ok(());
        }
    }
    Err(Trouble::Contended)
}
