//! Writes to a store until it is killed, and prints each answer: the victim of the crash tests.
//!
//! `store-writer <folder> <round> full|process-only [power-loss [seed]]`

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::store::{Durability, Options, SqliteJournal, SqliteQueue, Store};
use holdfast_engine::port::Queue as _;
use holdfast_tests::crash::{self, WRITERS};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [folder, round, durability, rest @ ..] = arguments.as_slice() else {
        return Err("folder, round and durability are needed".into());
    };
    let store = Store::open_with(Path::new(folder), options(durability, rest)?)?;
    let round: u64 = round.parse()?;
    let journal = Arc::new(SqliteJournal::new(store.clone(), SystemClock));
    let queue = Arc::new(SqliteQueue::new(store, SystemClock));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (journal, queue) = (Arc::clone(&journal), Arc::clone(&queue));
        writers.spawn(async move { write(&journal, &queue, (round, writer)).await });
    }
    while let Some(writer) = writers.join_next().await {
        writer?.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn options(durability: &str, rest: &[String]) -> Result<Options, Box<dyn Error>> {
    let mut options = Options::default();
    if durability == "process-only" {
        options.durability = Durability::ProcessOnly;
    }
    if let [vfs, seed @ ..] = rest {
        let seed = seed.first().map(|seed| seed.parse()).transpose()?;
        holdfast_power_loss::register(vfs, seed);
        options.vfs = Some(vfs.clone());
    }
    Ok(options)
}

async fn write(
    journal: &SqliteJournal<SystemClock>,
    queue: &SqliteQueue<SystemClock>,
    (round, writer): (u64, u64),
) -> Result<(), Box<dyn Error + Send + Sync>> {
    for number in 0.. {
        let write = crash::Written {
            round,
            writer,
            number,
        };
        write.commit(journal).await?;
        answered("committed", write)?;
        queue.send(vec![write.message()?]).await?;
        answered("sent", write)?;
    }
    Ok(())
}

fn answered(what: &str, write: crash::Written) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{what} {write}")?;
    output.flush()
}
