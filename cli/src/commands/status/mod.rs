//! `holdfast status`: queues, what needs someone, what is held back, live packs, timers, whether
//! alerts reach people.

mod text;

use std::collections::BTreeMap;

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::{self, Answer, AskError, QueueDepth};
use holdfast_embedded::store::{SqliteDefinitions, SqliteQueue, Store};
use holdfast_engine::alert;
use holdfast_engine::breaker::{self, State};
use holdfast_engine::definition::model::Severity;
use holdfast_engine::operation::{Mark, Operation};
use holdfast_engine::port::{Clock, DeadLetters as _, QueueName, Which};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::data::{DataFolder, journal};
use crate::failure::{Exit, Failure};
use crate::items::{self, Mask, Row};
use crate::output::Output;

/// Open operations, and dead letters of a queue, that are shown; the rest are counted.
const SHOWN: usize = 5;

/// How long it is told that a person started something.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// Which data folder.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show personal values
    #[arg(long)]
    show_pii: bool,
    #[command(flatten)]
    data: DataFolder,
}

/// The state of a data folder, for programs: these members stay.
#[derive(Debug, Serialize)]
struct Status {
    /// Whether a process serves; if none does, no message is in flight.
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
    #[serde(skip)]
    now: Timestamp,
}

/// What is known of the process that serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum Process {
    /// It serves, and answers.
    Serving,
    /// There is none.
    None,
    /// There is one, and it does not answer.
    NoAnswer {
        /// Stable name of the reason.
        code: String,
        /// The reason.
        message: String,
    },
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
    let store = arguments.data.read()?;
    let (process, live) = process(&arguments.data)?;
    let timers = control::timers(&store)?;
    let queues = live.unwrap_or_else(|| stored(&store));
    let now = SystemClock.now();
    let (held, started) = held(&store, &arguments.data, now).await?;
    let status = Status {
        serving: process == Process::Serving,
        process,
        dead_letters: dead_letters(&store, &queues).await?,
        queues,
        packs: packs(&store)?,
        held,
        started,
        operations: operations(&store, arguments.show_pii, now).await?,
        alerts: alert_paths(&store, now).await?,
        timers: Timers {
            armed: timers.armed,
            next: timers.next,
        },
        now,
    };
    output.result(&status, text::shown);
    Ok(Exit::Done)
}

/// Whether a process serves, and how full it says the queues are.
fn process(data: &DataFolder) -> Result<(Process, Option<Vec<QueueDepth>>), Failure> {
    let no_answer = |code: &str, message: String| Process::NoAnswer {
        code: code.to_owned(),
        message,
    };
    Ok(match control::ask(data.path(), &control::Command::Depths) {
        Ok(Some(Answer::Depths { queues })) => (Process::Serving, Some(queues)),
        Ok(Some(Answer::Refused(refused))) => (no_answer(&refused.code, refused.message), None),
        Ok(Some(_)) => {
            let message = "`serve` answered something else".to_owned();
            (no_answer("ControlVersion", message), None)
        }
        Ok(None) => (Process::None, None),
        Err(error @ AskError::Denied) => return Err(error.into()),
        Err(error) => (no_answer(error.code(), error.to_string()), None),
    })
}

fn stored(store: &Store) -> Vec<QueueDepth> {
    let queue = SqliteQueue::new(store.clone(), SystemClock);
    queue.depths().into_iter().map(Into::into).collect()
}

/// The oldest dead letters of each queue.
async fn dead_letters(store: &Store, queues: &[QueueDepth]) -> Result<Vec<Dead>, Failure> {
    let queue = SqliteQueue::new(store.clone(), SystemClock);
    let mut dead = Vec::new();
    for depth in queues.iter().filter(|depth| depth.dead_letters > 0) {
        let name = QueueName::of(&depth.queue);
        let letters = queue.list(&name, None, SHOWN).await?;
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

fn packs(store: &Store) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let definitions = SqliteDefinitions::new(store.clone());
    let mut packs = BTreeMap::new();
    for tenant in definitions.tenants()? {
        let live = definitions.live(&tenant)?;
        let versions = live.iter().map(|live| live.manifest.to_string());
        packs.insert(tenant.to_string(), versions.collect());
    }
    Ok(packs)
}

async fn alert_paths(
    store: &Store,
    now: Timestamp,
) -> Result<BTreeMap<String, AlertPath>, Failure> {
    let mut paths = BTreeMap::new();
    for tenant in SqliteDefinitions::new(store.clone()).tenants()? {
        if let Some(path) = alert::path_of(&journal(store), &tenant).await? {
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
async fn held(
    store: &Store,
    data: &DataFolder,
    now: Timestamp,
) -> Result<(Vec<Held>, Vec<Held>), Failure> {
    let desk = control::Desk::looking(data.path(), SystemClock)?;
    let (mut held, mut started) = (Vec::new(), Vec::new());
    for tenant in SqliteDefinitions::new(store.clone()).tenants()? {
        for listed in breaker::touched(desk.ports(), &tenant).await? {
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

async fn operations(store: &Store, show_pii: bool, now: Timestamp) -> Result<Operations, Failure> {
    let open = items::all(store, Which::Open).await?;
    let is_review = |operation: &&Operation| matches!(operation, Operation::Review(_));
    let reviews = open.iter().filter(is_review).count();
    let mut severities = BTreeMap::new();
    for operation in &open {
        *severities.entry(operation.severity()).or_default() += 1;
    }
    let overdue = open.iter().filter(|one| one.handling().due < now).count();
    let mask = Mask::of(store, show_pii);
    let newest = open.iter().take(SHOWN);
    Ok(Operations {
        reviews,
        errors: open.len() - reviews,
        severities,
        overdue,
        newest: newest.map(|one| Row::of(one, &mask, now)).collect(),
    })
}
