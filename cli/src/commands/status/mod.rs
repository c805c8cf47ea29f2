//! `holdfast status`: queues, what needs someone, what is held back, live packs, timers, whether
//! alerts reach people.

mod text;

use std::collections::BTreeMap;

use clap::Args;
use holdfast_embedded::control::QueueDepth;
use holdfast_engine::alert;
use holdfast_engine::breaker::{self, State};
use holdfast_engine::definition::model::Severity;
use holdfast_engine::operation::{Mark, Operation};
use holdfast_engine::port::{Clock, DeadLetters, Definitions, Ports, QueueName, Which};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::items::{self, Mask, Row};
use crate::output::Output;
use crate::place::{At, Place, Process, Texting, at};

/// Open operations, and dead letters of a queue, that are shown; the rest are counted.
const SHOWN: usize = 5;

/// How long it is told that a person started something.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// Which place.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show personal values
    #[arg(long)]
    show_pii: bool,
    #[command(flatten)]
    at: At,
}

/// The state of a place, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Status {
    /// Whether somebody works on what is sent; if nobody does, no message is in flight.
    serving: bool,
    process: Process,
    queues: Vec<QueueDepth>,
    dead_letters: Vec<Dead>,
    /// Live versions by tenant.
    packs: BTreeMap<String, Vec<String>>,
    /// What is held back, by a breaker or by a person.
    held: Vec<Held>,
    /// What a person started within the last day.
    started: Vec<Held>,
    operations: Operations,
    /// Whether people are reached, by tenant.
    alerts: BTreeMap<String, AlertPath>,
    timers: Timers,
    #[serde(skip_serializing_if = "Option::is_none")]
    texting: Option<Texting>,
    #[serde(skip)]
    now: Timestamp,
}

/// Whether people are reached.
#[derive(Debug, Serialize)]
struct AlertPath {
    /// Whether any live pack says where alerts go.
    configured: bool,
    /// When somebody was reached last by the weekly canary.
    proven_at: Option<Timestamp>,
    /// Since when nobody was reached who should have been.
    silent_since: Option<Timestamp>,
}

/// A message that was received too often. Its body is in its error record, where it has one.
#[derive(Debug, Serialize)]
struct Dead {
    queue: String,
    message: String,
    tenant: String,
    receives: u32,
    since: Timestamp,
}

/// A connection or workflow whose work waits.
#[derive(Debug, Serialize)]
struct Held {
    tenant: String,
    /// `workflow pack/name`, `connection pack/name`.
    subject: String,
    state: &'static str,
    since: Option<Timestamp>,
    /// When an open breaker tries again.
    until: Option<Timestamp>,
    by: Option<String>,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Operations {
    reviews: usize,
    errors: usize,
    /// How many are open, by severity.
    severities: BTreeMap<Severity, usize>,
    /// How many should be decided by now.
    overdue: usize,
    newest: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Timers {
    armed: u64,
    next: Option<Timestamp>,
}

/// Shows.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let status = at!(arguments.at, |place| status(place, arguments.show_pii)
        .await)?;
    output.result(&status, text::shown);
    Ok(Exit::Done)
}

async fn status(place: &impl Place, show_pii: bool) -> Result<Status, Failure> {
    let (ports, overview) = (place.ports(), place.overview().await?);
    let now = ports.clock().now();
    let (held, started) = held(ports, now).await?;
    Ok(Status {
        serving: overview.process.works(),
        process: overview.process,
        dead_letters: dead_letters(ports, &overview.queues).await?,
        queues: overview.queues,
        packs: overview.packs,
        held,
        started,
        operations: operations(ports, show_pii, now).await?,
        alerts: alert_paths(ports, now).await?,
        timers: Timers {
            armed: overview.timers.armed,
            next: overview.timers.next,
        },
        texting: overview.texting,
        now,
    })
}

/// The oldest dead letters of each queue.
async fn dead_letters(ports: &impl Ports, queues: &[QueueDepth]) -> Result<Vec<Dead>, Failure> {
    let mut dead = Vec::new();
    for depth in queues.iter().filter(|depth| depth.dead_letters > 0) {
        let name = QueueName::of(&depth.queue);
        let letters = ports.dead_letters().list(&name, None, SHOWN).await?;
        dead.extend(letters.into_iter().map(|letter| Dead {
            queue: depth.queue.clone(),
            message: letter.id.0,
            tenant: letter.tenant,
            receives: letter.receives,
            since: letter.dead_at,
        }));
    }
    Ok(dead)
}

async fn alert_paths(
    ports: &impl Ports,
    now: Timestamp,
) -> Result<BTreeMap<String, AlertPath>, Failure> {
    let mut paths = BTreeMap::new();
    for tenant in ports.definitions().tenants().await? {
        if let Some(path) = alert::path_of(ports.journal(), &tenant).await? {
            let shown = AlertPath {
                configured: path.configured,
                proven_at: path.proven_at,
                silent_since: path.silent_since(now),
            };
            paths.insert(tenant.to_string(), shown);
        }
    }
    Ok(paths)
}

/// The breakers of every tenant that hold work back, and those that a person started lately.
async fn held(ports: &impl Ports, now: Timestamp) -> Result<(Vec<Held>, Vec<Held>), Failure> {
    let (mut held, mut started) = (Vec::new(), Vec::new());
    for tenant in ports.definitions().tenants().await? {
        for listed in breaker::touched(ports, &tenant).await? {
            let lately = listed
                .started()
                .map(|mark| now.duration_since(mark.at) < LATELY);
            match lately {
                None => held.push(held_back(tenant.to_string(), listed)),
                Some(true) => started.push(held_back(tenant.to_string(), listed)),
                Some(false) => {}
            }
        }
    }
    Ok((held, started))
}

fn held_back(tenant: String, listed: breaker::Listed) -> Held {
    let mut held = Held {
        tenant,
        subject: listed.subject.to_string(),
        state: listed.state.name(),
        since: None,
        until: None,
        by: None,
        reason: None,
    };
    match listed.state {
        State::Closed { started, .. } => {
            if let Some(Mark { by, at, reason }) = started {
                (held.since, held.by, held.reason) = (Some(at), Some(by), reason);
            }
        }
        State::Open { since, until, .. } => {
            held.since = Some(since);
            held.until = Some(until);
        }
        State::HalfOpen { since, .. } => held.since = Some(since),
        State::Stopped { by, at, reason } => {
            (held.since, held.by, held.reason) = (Some(at), Some(by), Some(reason));
        }
    }
    held
}

async fn operations(
    ports: &impl Ports,
    show_pii: bool,
    now: Timestamp,
) -> Result<Operations, Failure> {
    let open = items::all(ports, Which::Open).await?;
    let is_review = |operation: &&Operation| matches!(operation, Operation::Review(_));
    let reviews = open.iter().filter(is_review).count();
    let mut severities = BTreeMap::new();
    for operation in &open {
        *severities.entry(operation.severity()).or_default() += 1;
    }
    let overdue = open.iter().filter(|one| one.handling().due < now).count();
    let mask = Mask::of(ports, show_pii).await;
    let newest = open.iter().take(SHOWN);
    Ok(Operations {
        reviews,
        errors: open.len() - reviews,
        severities,
        overdue,
        newest: newest.map(|one| Row::of(one, &mask, now)).collect(),
    })
}
