//! Commits per second of the store, by how many writers share its groups.

use std::error::Error;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::store::{SqliteJournal, Store};
use holdfast_engine::port::{Change, Expect, Journal, Key, Table, Write};

/// Rows of one commit: what an execution of three steps writes.
const ROWS: usize = 8;

const TIME: Duration = Duration::from_secs(2);

fn writes(writer: usize, number: usize) -> Vec<Write> {
    let row = |row| Write {
        key: Key {
            table: Table::Journal,
            partition: format!("demo#bench#{writer}"),
            sort: format!("exe#{number:08}#{row}"),
        },
        expect: Expect::Absent,
        change: Change::Put(format!("{{\"is\":\"{}\"}}", "x".repeat(200))),
    };
    (0..ROWS).map(row).collect()
}

async fn measure(writers: usize) -> Result<f64, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let journal = Arc::new(SqliteJournal::new(Store::open(folder.path())?, SystemClock));
    let mut tasks = tokio::task::JoinSet::new();
    let start = Instant::now();
    for writer in 0..writers {
        let journal = Arc::clone(&journal);
        tasks.spawn(async move {
            let mut number = 0;
            while start.elapsed() < TIME && journal.commit(writes(writer, number)).await.is_ok() {
                number += 1;
            }
            u32::try_from(number)
        });
    }
    let mut commits = 0.0;
    while let Some(count) = tasks.join_next().await {
        commits += f64::from(count??);
    }
    Ok(commits / start.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for writers in [1, 8, 128] {
        let rate = measure(writers).await?;
        writeln!(
            io::stdout(),
            "{writers:>4} writers: {rate:>8.0} commits/s of {ROWS} rows"
        )?;
    }
    Ok(())
}
