//! Kills and power cuts during group commits: what was answered is there, the rest is whole or
//! absent.
#![expect(
    clippy::unwrap_used,
    reason = "a victim that cannot be started or read fails the test"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::store::{SqliteJournal, SqliteQueue, Store};
use holdfast_engine::port::{QueueName, Verdict};
use holdfast_tests::crash::{ENTRIES, WRITERS, Written};

/// What one life of the victim was told before it ended.
#[derive(Debug, Default)]
struct Answered {
    committed: BTreeSet<Written>,
    sent: BTreeSet<Written>,
}

/// Runs the victim and kills it after so many answers.
fn kill_after(answers: usize, folder: &Path, arguments: &[&str]) -> Answered {
    let mut victim = Command::new(env!("CARGO_BIN_EXE_store-writer"))
        .arg(folder)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut answered = Answered::default();
    for line in lines.by_ref().take(answers) {
        answered.note(&line.unwrap());
    }
    victim.kill().unwrap();
    // What it still managed to print had been answered, too.
    lines
        .map_while(Result::ok)
        .for_each(|line| answered.note(&line));
    let status = victim.wait().unwrap();
    assert_eq!(status.code(), None, "the victim ended by itself: {status}");
    answered
}

impl Answered {
    fn note(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("committed", write)) => self.committed.extend(write.parse::<Written>()),
            Some(("sent", write)) => self.sent.extend(write.parse::<Written>()),
            // The kill cut the line.
            _ => {}
        }
    }
}

/// What the store lost, and checks of what no crash may do.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lost {
    committed: usize,
    sent: usize,
}

/// What a reading command sees of one writer before anybody has opened the store for writing.
async fn look(folder: &Path, first: Written) -> u64 {
    match Store::open_read_only(folder) {
        Ok(store) => {
            let journal = SqliteJournal::new(store, SystemClock);
            first.survivors(&journal).await.unwrap().0
        }
        Err(error) => {
            assert_eq!(error.code(), "StoreMissing", "{error}");
            0
        }
    }
}

async fn inspect(folder: &Path, round: u64, answered: &Answered) -> Lost {
    let first = Written {
        round,
        writer: 0,
        number: 0,
    };
    let seen = look(folder, first).await;
    let store = Store::open(folder).unwrap();
    let journal = SqliteJournal::new(store.clone(), SystemClock);
    let queue = SqliteQueue::new(store, SystemClock);
    let mut committed = BTreeSet::new();
    for writer in 0..WRITERS {
        let first = Written {
            round,
            writer,
            number: 0,
        };
        let (revision, found, entries) = first.survivors(&journal).await.unwrap();
        let transactions = u64::try_from(found.len()).unwrap();
        assert_eq!(
            entries,
            transactions * ENTRIES,
            "a transaction is torn: {first}"
        );
        assert_eq!(revision, transactions, "record and entries differ: {first}");
        assert!(
            writer > 0 || revision == seen,
            "readers saw {seen} of {revision}"
        );
        committed.extend(found);
    }
    let changes = drain(&queue, &QueueName::of("watch-records"));
    assert_eq!(changes.len(), committed.len(), "each change is fed once");
    let bodies = drain(&queue, &Written::queue());
    let sent: BTreeSet<Written> = bodies
        .iter()
        .map(|body| body.trim_matches('"').parse().unwrap())
        .collect();
    assert_eq!(sent.len(), bodies.len(), "a message is there twice");
    queue.flush().await.unwrap();
    Lost {
        committed: answered.committed.difference(&committed).count(),
        sent: answered.sent.difference(&sent).count(),
    }
}

fn drain(queue: &SqliteQueue<SystemClock>, name: &QueueName) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        let received = queue.try_receive(name, 100).unwrap();
        if received.is_empty() {
            return bodies;
        }
        for delivery in received {
            assert_eq!(delivery.receive_count, 1, "the crash counted a receive");
            queue.settle(&delivery, Verdict::Acknowledge);
            bodies.push(delivery.body);
        }
    }
}

/// Kills one store's process again and again, at moments spread by a seed.
async fn survive(rounds: u64, seed: u64, arguments: impl Fn(u64) -> Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut total = 0;
    for round in 0..rounds {
        let spread = (round + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let answers = usize::try_from(spread % 300).unwrap();
        let arguments = arguments(round);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let answered = kill_after(answers, folder.path(), &arguments);
        let lost = inspect(folder.path(), round, &answered).await;
        assert_eq!(lost, Lost::default(), "round {round}, seed {seed}");
        total += answered.committed.len() + answered.sent.len();
    }
    assert!(total > 100, "only {total} answers were at stake");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_kill_during_group_commits_loses_nothing_that_was_answered() {
    survive(12, 1, |round| words(&[&round.to_string(), "full"])).await;
}

#[tokio::test]
async fn a_power_cut_loses_nothing_that_was_answered() {
    let arguments = |round: u64| words(&[&round.to_string(), "full", "power-loss"]);
    survive(8, 2, arguments).await;
}

#[tokio::test]
async fn a_disk_that_writes_out_of_order_loses_nothing_that_was_answered() {
    let arguments = |round: u64| {
        let round = round.to_string();
        words(&[&round, "full", "power-loss", &round])
    };
    survive(8, 3, arguments).await;
}

/// The checkpoint beside the writer moves the log into the database while both go on.
#[tokio::test]
async fn a_power_cut_around_a_checkpoint_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["0", "full", "power-loss", "4"];
    let answered = kill_after(12_000, folder.path(), &arguments);
    let database = folder.path().join("holdfast.db").metadata().unwrap();
    assert!(database.len() > 1024 * 1024, "no checkpoint: {database:?}");
    let lost = inspect(folder.path(), 0, &answered).await;
    assert_eq!(lost, Lost::default());
}

#[tokio::test]
async fn without_syncs_a_power_cut_does_lose_what_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let answered = kill_after(200, folder.path(), &["0", "process-only", "power-loss"]);
    let lost = inspect(folder.path(), 0, &answered).await;
    assert!(lost.committed > 0 && lost.sent > 0, "{lost:?}");
}
