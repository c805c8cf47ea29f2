//! `holdfast status`: queues, what needs someone, live packs, timers, whether alerts reach people.

use std::collections::BTreeMap;

use clap::Args;
use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::control::{self, Answer, QueueDepth};
use holdfast_embedded::store::{SqliteDefinitions, SqliteJournal, SqliteQueue, Store};
use holdfast_engine::alert;
use holdfast_engine::port::{Clock as _, DeadLetters as _, QueueName};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use super::review;
use crate::data::DataFolder;
use crate::failure::{Exit, Failure};
use crate::output::style::{BOLD, PLAIN, RED};
use crate::output::{Output, counted};

/// Open operations, and dead letters of a queue, that are shown; the rest are counted.
const SHOWN: usize = 5;

/// Which data folder.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    data: DataFolder,
}

/// The state of a data folder.
#[derive(Debug, Serialize)]
struct Status {
    /// Whether a process serves; if none does, no message is in flight.
    serving: bool,
    queues: Vec<QueueDepth>,
    dead_letters: Vec<Dead>,
    /// Live versions by tenant.
    packs: BTreeMap<String, Vec<String>>,
    operations: Operations,
    /// Whether people are reached, by tenant.
    alerts: BTreeMap<String, AlertPath>,
    timers: Timers,
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

#[derive(Debug, Serialize)]
struct Operations {
    reviews: usize,
    errors: usize,
    newest: Vec<Json>,
}

#[derive(Debug, Serialize)]
struct Timers {
    armed: u64,
    next: Option<Timestamp>,
}

/// Shows.
pub(crate) async fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let store = arguments.data.read()?;
    let asked = control::ask(arguments.data.path(), &control::Command::Depths);
    let live = match asked {
        Ok(Some(Answer::Depths { queues })) => Some(queues),
        _ => None,
    };
    let timers = control::timers(&store)?;
    let queues = live.clone().unwrap_or_else(|| stored(&store));
    let status = Status {
        serving: live.is_some(),
        dead_letters: dead_letters(&store, &queues).await?,
        queues,
        packs: packs(&store)?,
        operations: operations(&store)?,
        alerts: alert_paths(&store).await?,
        timers: Timers {
            armed: timers.armed,
            next: timers.next,
        },
    };
    output.result(&status, shown);
    Ok(Exit::Done)
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

async fn alert_paths(store: &Store) -> Result<BTreeMap<String, AlertPath>, Failure> {
    let journal = SqliteJournal::new(store.clone(), SystemClock);
    let mut paths = BTreeMap::new();
    for tenant in SqliteDefinitions::new(store.clone()).tenants()? {
        if let Some(path) = alert::path_of(&journal, &tenant).await? {
            let shown = AlertPath {
                configured: path.configured,
                proven_at: path.proven_at,
                silent_since: path.silent_since(SystemClock.now()),
            };
            paths.insert(tenant.to_string(), shown);
        }
    }
    Ok(paths)
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

fn operations(store: &Store) -> Result<Operations, Failure> {
    let mut open = control::open_operations(store)?;
    let is_review = |item: &&Json| item.get("kind").is_some();
    let reviews = open.iter().filter(is_review).count();
    let errors = open.len() - reviews;
    open.truncate(SHOWN);
    open.iter_mut().for_each(review::hide);
    Ok(Operations {
        reviews,
        errors,
        newest: open,
    })
}

fn shown(status: &Status) -> String {
    let serving = if status.serving {
        "a process serves this folder"
    } else {
        "no process serves this folder: messages wait"
    };
    let mut lines = vec![serving.to_owned(), String::new()];
    lines.push(format!(
        "{BOLD}{:<16}{:>9}{:>11}{:>9}{:>9}{:>14}{PLAIN}",
        "queue", "visible", "in flight", "delayed", "oldest", "dead letters"
    ));
    lines.extend(status.queues.iter().map(queue));
    lines.extend(status.dead_letters.iter().map(|dead| {
        let Dead {
            queue,
            message,
            tenant,
            receives,
            since,
        } = dead;
        format!("  dead letter {message} of {queue}: tenant {tenant}, received {receives} times, {since}")
    }));
    lines.push(String::new());
    for (tenant, versions) in &status.packs {
        lines.push(format!("{BOLD}{tenant}{PLAIN}: {}", versions.join(", ")));
    }
    let next = status.timers.next;
    let next = next.map_or_else(String::new, |next| format!(", next due {next}"));
    let armed = usize::try_from(status.timers.armed).unwrap_or(usize::MAX);
    lines.push(format!("{} armed{next}", counted(armed, "timer")));
    lines.extend(status.alerts.iter().map(alerts));
    lines.push(String::new());
    lines.extend(needs(&status.operations));
    lines.join("\n")
}

fn alerts((tenant, path): (&String, &AlertPath)) -> String {
    match (path.configured, path.silent_since, path.proven_at) {
        (false, ..) => {
            format!("{RED}alerts of {tenant} go nowhere{PLAIN}: add `alerts:` to a pack.yaml")
        }
        (true, Some(since), _) => {
            format!("{RED}alert path of {tenant} silent since {since}{PLAIN}")
        }
        (true, None, Some(at)) => format!("alert path of {tenant} proven at {at}"),
        (true, None, None) => format!("alert path of {tenant} not tried yet"),
    }
}

fn queue(depth: &QueueDepth) -> String {
    let oldest = depth.oldest_seconds;
    let oldest = oldest.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds}s"));
    let (alarm, calm) = if depth.dead_letters > 0 {
        (RED, PLAIN)
    } else {
        ("", "")
    };
    format!(
        "{:<16}{:>9}{:>11}{:>9}{oldest:>9}{alarm}{:>14}{calm}",
        depth.queue, depth.visible, depth.in_flight, depth.delayed, depth.dead_letters
    )
}

fn needs(operations: &Operations) -> Vec<String> {
    let (reviews, errors) = (operations.reviews, operations.errors);
    if reviews + errors == 0 {
        return vec!["nothing needs anyone".to_owned()];
    }
    let mut lines = vec![format!(
        "{BOLD}needs someone{PLAIN}: {}, {}",
        counted(reviews, "review item"),
        counted(errors, "error")
    )];
    for item in &operations.newest {
        lines.push(format!("  {}", review::line(item)));
        let id = item.get("id").and_then(Json::as_str).unwrap_or_default();
        lines.push(format!("    holdfast review show {id}"));
        if let Some(execution) = review::execution(item) {
            lines.push(format!("    holdfast trace {execution}"));
        }
    }
    lines
}
