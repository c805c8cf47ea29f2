//! Fills a store up to the process's file-size limit, which stands for a full disk, and prints
//! what happens: before, at the limit, and after it is raised again.
//!
//! `store-filler <folder>`, started with SIGXFSZ ignored.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::store::{SqliteJournal, SqliteQueue, Store};
use holdfast_engine::port::{CommitError, Journal, Queue as _};
use holdfast_tests::crash::Written;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Room above the log's size at the start.
const ROOM: u64 = 64 * 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("a folder is needed")?;
    let folder = Path::new(&folder);
    let store = Store::open(folder)?;
    let journal = SqliteJournal::new(store.clone(), SystemClock);
    let queue = SqliteQueue::new(store, SystemClock);
    let written = fill(&journal, 0, 3).await?;
    limit(Some(
        folder.join("holdfast.db-wal").metadata()?.len() + ROOM,
    ))?;
    let written = fill_up(&journal, written).await?;
    for _ in 0..3 {
        say(&format!(
            "commit {}",
            code(write(written).commit(&journal).await)
        ))?;
        // Larger than a commit, which did not fit.
        let mut large = write(written).message()?;
        large.body.push_str(&" ".repeat(32 * 1024));
        let sent = queue.send(vec![large]).await;
        say(&format!(
            "send {}",
            sent.err().map_or("Ok", |error| error.code())
        ))?;
    }
    let (revision, ..) = write(0).survivors(&journal).await?;
    say(&format!("readable {revision}"))?;
    limit(None)?;
    let total = fill(&journal, written, written + 10).await?;
    queue.send(vec![write(total).message()?]).await?;
    say(&format!("written {written} {total}"))
}

fn write(number: u64) -> Written {
    Written {
        round: 0,
        writer: 0,
        number,
    }
}

fn limit(bytes: Option<u64>) -> io::Result<()> {
    let limits = Rlimit {
        current: bytes,
        ..getrlimit(Resource::Fsize)
    };
    Ok(setrlimit(Resource::Fsize, limits)?)
}

/// Commits from this number up to that one, or until a commit fails; returns the next number.
async fn fill(journal: &impl Journal, from: u64, to: u64) -> Result<u64, Box<dyn Error>> {
    for number in from..to {
        let result = write(number).commit(journal).await;
        if result.is_err() {
            say(&format!("stopped {}", code(result)))?;
            return Ok(number);
        }
    }
    Ok(to)
}

/// Commits until two attempts in a row fail: the first failure closes the connection, which moves
/// the log into the database and so makes room once more.
async fn fill_up(journal: &impl Journal, from: u64) -> Result<u64, Box<dyn Error>> {
    let mut number = from;
    loop {
        number = fill(journal, number, u64::MAX).await?;
        if write(number).commit(journal).await.is_err() {
            return Ok(number);
        }
        number += 1;
    }
}

fn code(result: Result<(), CommitError>) -> &'static str {
    match result {
        Ok(()) => "Ok",
        Err(CommitError::Conflict { .. }) => "Conflict",
        Err(CommitError::Port(error)) => error.code(),
    }
}

fn say(line: &str) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
