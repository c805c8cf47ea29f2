//! Imports that are killed, and go on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::support::{Running, command, holdfast, json, until};
use serde_json::Value as Json;

use crate::{counts, customers, file, idle, import, results};

/// Verdicts without what differs from folder to folder.
fn plain(results: &BTreeMap<u64, Json>) -> Vec<(u64, String)> {
    let verdict = |(row, line): (&u64, &Json)| (*row, line["verdict"].as_str().unwrap().to_owned());
    results.iter().map(verdict).collect()
}

/// Kills the command once the results have this many bytes; `false`: it ended before.
fn killed(data: &Path, file: &Path, at: u64) -> bool {
    let (data, path) = (data.display().to_string(), file.display().to_string());
    let arguments = [
        "--json", "import", "shop", "customer", &path, "--data", &data,
    ];
    let mut command = command(&arguments);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running(command.spawn().unwrap());
    until(|| {
        let ended = running.0.try_wait().unwrap().is_some();
        let size = size_of_results(file.parent().unwrap());
        (ended || size >= at).then_some(!ended)
    })
}

fn size_of_results(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let results = entries.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .ends_with(".results.jsonl")
    });
    results.map(|entry| entry.metadata().unwrap().len()).sum()
}

/// Where the results are when the command is killed, in bytes; the first before any is there.
const MOMENTS: [u64; 6] = [0, 1, 20_000, 90_000, 150_000, 260_000];

#[test]
fn an_import_that_is_killed_again_and_again_comes_to_the_end_of_one_that_is_not() {
    let text = customers(5_000);
    let (calm, (_one, path)) = (idle(), file("customers.csv", &text));
    let once = import(calm.path(), &path, &[]);
    let once = json(&once);
    assert_eq!(counts(&once), [4_949, 0, 0, 51, 0]);
    let (data, (_other, path)) = (idle(), file("customers.csv", &text));
    let mut kills = 0;
    for moment in MOMENTS {
        kills += u32::from(killed(data.path(), &path, moment));
        // A power cut may leave a part of the last line.
        cut(path.parent().unwrap(), 17);
    }
    assert!(kills > 2, "it was killed while it worked: {kills}");
    let ended = json(&import(data.path(), &path, &[]));
    assert_eq!(counts(&ended), counts(&once));
    assert_eq!(plain(&results(&ended)), plain(&results(&once)));
    println!("5,000 rows imported by a command that was killed {kills} times");
    // Another file that says the same finds nothing to change.
    let (_third, path) = file("same.csv", &format!("{text}\n"));
    let same = json(&import(data.path(), &path, &[]));
    assert_eq!(counts(&same), [0, 0, 4_949, 51, 0]);
    let folder = data.path().display().to_string();
    let trace = json(&holdfast(&[
        "--json",
        "trace",
        "customer/C2500",
        "--data",
        &folder,
    ]));
    assert_eq!(
        trace["record"]["version"], 1,
        "no row was applied twice: {trace}"
    );
}

/// Cuts bytes off the end of the results.
fn cut(folder: &Path, bytes: u64) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .ends_with(".results.jsonl")
        {
            let size = entry.metadata().unwrap().len().saturating_sub(bytes);
            let file = fs::OpenOptions::new().write(true).open(entry.path());
            file.unwrap().set_len(size).unwrap();
        }
    }
}
