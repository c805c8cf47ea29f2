//! The one thread that writes: calls that arrive during a sync share the next one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::ledger::{self, Entry, Ledger};
use super::line::Line;
use super::log::{Log, Medium};

/// The most calls of one sync.
const MAX_GROUP: usize = 1024;

/// What is on disk, for readers.
#[derive(Debug)]
pub(super) struct Progress {
    durable: AtomicU64,
    syncs: AtomicU64,
}

impl Progress {
    pub(super) fn at(len: u64) -> Self {
        Self {
            durable: AtomicU64::new(len),
            syncs: AtomicU64::new(0),
        }
    }

    /// Bytes on disk.
    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(super) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

/// A call that waits for the disk.
struct Waiting {
    entry: Entry,
    answer: oneshot::Sender<Result<String, String>>,
}

/// The handle of the writing thread, which ends with it.
#[derive(Debug)]
pub(super) struct Writer {
    calls: Option<Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start<M: Medium>(
        log: Log<M>,
        ledger: Ledger,
        progress: Arc<Progress>,
    ) -> io::Result<Self> {
        let (calls, waiting) = channel();
        let thread = std::thread::Builder::new().name("sandbox".to_owned());
        let thread = thread.spawn(move || run(&waiting, log, ledger, &progress))?;
        Ok(Self {
            calls: Some(calls),
            thread: Some(thread),
        })
    }

    /// Records a call and returns the delivery's id once it is on disk.
    pub(super) async fn record(&self, entry: Entry) -> Result<String, String> {
        let (answer, recorded) = oneshot::channel();
        let stopped = || "the sandbox has stopped".to_owned();
        let calls = self.calls.as_ref().ok_or_else(stopped)?;
        let sent = calls.send(Waiting { entry, answer });
        sent.map_err(|_| stopped())?;
        recorded.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.calls.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

fn run<M: Medium>(
    waiting: &Receiver<Waiting>,
    mut log: Log<M>,
    mut ledger: Ledger,
    progress: &Progress,
) {
    while let Ok(first) = waiting.recv() {
        let rest = waiting.try_iter().take(MAX_GROUP - 1);
        let (entries, answers): (Vec<_>, Vec<_>) = std::iter::once(first)
            .chain(rest)
            .map(|call| (call.entry, call.answer))
            .unzip();
        let written = write(&mut log, &mut ledger, entries);
        progress.durable.store(log.len(), Ordering::Release);
        progress.syncs.fetch_add(1, Ordering::Relaxed);
        answer(answers, written);
    }
}

/// Writes a group; the ids are in the order of the calls.
fn write<M: Medium>(
    log: &mut Log<M>,
    ledger: &mut Ledger,
    entries: Vec<Entry>,
) -> io::Result<Vec<String>> {
    let lines = ledger.plan(entries);
    let mut bytes = Vec::new();
    for line in &lines {
        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');
    }
    log.append(&bytes)?;
    let ids = lines.iter().map(id_of).collect();
    for line in lines {
        ledger.apply(line);
    }
    Ok(ids)
}

fn id_of(line: &Line) -> String {
    match line {
        Line::Delivery(delivery) => delivery.id.clone(),
        Line::Repeat { number, .. } => ledger::id(*number),
        Line::Refusal { .. } => String::new(),
    }
}

/// A caller that no longer waits is not missed.
fn answer(answers: Vec<oneshot::Sender<Result<String, String>>>, written: io::Result<Vec<String>>) {
    match written {
        Ok(ids) => answers.into_iter().zip(ids).for_each(|(answer, id)| {
            let _ = answer.send(Ok(id));
        }),
        Err(error) => answers.into_iter().for_each(|answer| {
            let _ = answer.send(Err(format!(
                "the sandbox's file cannot be written: {error}"
            )));
        }),
    }
}
