//! 100,000 rows of a file become records on one machine, every write synced: rows per second and
//! memory; then the same rows once more, which change nothing.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::system::System;
use holdfast_engine::import::Verdict;
use holdfast_import::Tally;
use holdfast_tests::bench::{self, machine, pack};

const ROWS: u64 = 100_000;

fn main() {
    bench::run(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let pack = pack(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/packs/import"
    )));
    let system = machine(&folder.path().join("data"), pack, true).await;
    println!("memory idle            {:>9.1} MB", memory("VmRSS:"));
    let file = folder.path().join("customers.csv");
    write(&file, "");
    let created = import(&system, &file, "created").await;
    assert_eq!(
        created.of(Verdict::Created),
        ROWS,
        "a bench of something else"
    );
    // Another file with the same rows.
    write(&file, "\n");
    let unchanged = import(&system, &file, "unchanged").await;
    assert_eq!(
        unchanged.of(Verdict::Unchanged),
        ROWS,
        "a bench of something else"
    );
    println!("memory at most         {:>9.1} MB", memory("VmHWM:"));
}

fn write(file: &Path, end: &str) {
    let mut text = "Number,Name,E-Mail,Phone,Total\n".to_owned();
    for row in 0..ROWS {
        let phone = 2_000_000 + row;
        let line = writeln!(
            text,
            "{row},\"Customer, {row}\",c{row}@example.com,+1202{phone},{row}.50"
        );
        line.expect("a text");
    }
    std::fs::write(file, text + end).expect("a file");
}

async fn import(system: &System<SystemClock>, file: &Path, what: &str) -> Tally {
    let start = Instant::now();
    let tally = bench::import(system, file, ("shop", "customer")).await;
    let imported = start.elapsed();
    system.until_quiet().await;
    let rate = |time: std::time::Duration| ROWS as f64 / time.as_secs_f64();
    println!("rows {what:<18}{:>9.0} /s", rate(imported));
    println!("rows, all settled      {:>9.0} /s", rate(start.elapsed()));
    println!("memory loaded          {:>9.1} MB", memory("VmRSS:"));
    tally
}

/// A line of the process's own figures, in megabytes.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|it| it.strip_prefix(line));
    let kb: f64 = found
        .and_then(|it| it.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0.0);
    kb / 1024.0
}
