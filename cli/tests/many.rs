//! Many failures, sent again by a command that is killed.

#[cfg(test)]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value as Json;
use support::{
    FORM, Running, SECRET, Serving, client, code, command, err, holdfast, json, lead, leads, until,
};
use tempfile::TempDir;

/// How many failures; `HOLDFAST_REDRIVES` says another number.
const USUALLY: usize = 300;

/// Failures of each connection and its workflow: with the successes that follow, too few for
/// their breakers to judge.
const EACH: usize = 6;

/// Failures that are under way at once.
const PART: usize = 200;

/// How many of a hundred failures the command has sent again when it is killed, each time.
const MOMENTS: [usize; 6] = [0, 3, 11, 1, 17, 23];

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "how long the test is, is asked")]
fn failures() -> usize {
    let asked = std::env::var("HOLDFAST_REDRIVES");
    asked.map_or(USUALLY, |count| count.parse().unwrap())
}

/// What the receivers are like.
#[cfg(test)]
#[derive(Clone, Copy)]
enum Receivers {
    /// They know a key again, and are down.
    Keyed,
    /// They take every call for a new one, and are busy.
    Forgetful,
}

/// The pack `leads` with many connections, and the faults of each.
#[cfg(test)]
fn pack(folder: &Path, places: usize, receivers: Receivers) -> Vec<String> {
    let (idempotent, fault) = match receivers {
        Receivers::Keyed => ("idempotent: true", "503"),
        Receivers::Forgetful => ("idempotent: false", "429"),
    };
    for entry in fs::read_dir(leads()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let connection = fs::read_to_string(folder.join("crm.connection.yaml")).unwrap();
    let workflow = fs::read_to_string(folder.join("intake.workflow.yaml")).unwrap();
    let write = |name: String, text: String| fs::write(folder.join(name), text).unwrap();
    for place in 0..places {
        let name = format!("crm{place}");
        let text = connection
            .replace("connection: crm", &format!("connection: {name}"))
            .replace("idempotent: true", idempotent);
        write(format!("{name}.connection.yaml"), text);
        let text = workflow
            .replace("workflow: intake", &format!("workflow: intake{place}"))
            .replace("form.sent", &format!("form.sent{place}"))
            .replace("via: crm", &format!("via: {name}"));
        write(format!("intake{place}.workflow.yaml"), text);
    }
    let faults = |place| ["--fault".to_owned(), format!("crm{place}={fault}")];
    (0..places).flat_map(faults).collect()
}

#[cfg(test)]
async fn fail_all(serving: &Serving, all: usize, places: usize) {
    let client = client();
    for number in 0..all {
        let event = format!("sent{}", number % places);
        let (id, email) = (format!("e{number}"), format!("lead{number}@example.com"));
        let body = lead(&event, &id, &email, "N");
        let (status, _) = serving.post_through(&client, FORM, &body, SECRET).await;
        assert_eq!(status, 202);
        if (number + 1) % PART == 0 {
            until(|| (open(serving) == number + 1).then_some(()));
        }
    }
    until(|| (open(serving) == all).then_some(()));
}

#[cfg(test)]
fn open(serving: &Serving) -> usize {
    count(&json(&serving.on(&["--json", "status"]))["operations"]["errors"])
}

#[cfg(test)]
fn count(number: &Json) -> usize {
    usize::try_from(number.as_u64().unwrap()).unwrap()
}

/// How many failures a redrive would send.
#[cfg(test)]
fn left(folder: &str) -> usize {
    let preview = holdfast(&["--json", "redrive", "--dry-run", "--data", folder]);
    count(&json(&preview)["would_redrive"])
}

/// Redrives again and again, with `kill -9` at each of the moments, until it says that nothing is
/// left; returns how often it was killed while it worked.
#[cfg(test)]
fn redrive_killed(folder: &str, all: usize) -> usize {
    let rate = format!("{}/s", all.div_ceil(12).min(250));
    let arguments = |rate| ["--json", "redrive", "--data", folder, "--rate", rate];
    let mut kills = 0;
    for moment in MOMENTS {
        let before = left(folder);
        let mut command = command(&arguments(&rate));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = Running(command.spawn().unwrap());
        until(|| (left(folder) <= before.saturating_sub(all * moment / 100)).then_some(()));
        kills += usize::from(running.0.try_wait().unwrap().is_none());
        // Dropping it kills it.
        drop(running);
    }
    assert!(left(folder) > 0, "it was killed too late to show anything");
    let rest = holdfast(&arguments("1000/s"));
    assert_eq!(code(&rest), 0, "{}", err(&rest));
    assert_eq!(left(folder), 0);
    kills
}

/// Waits as long as failures are settled.
#[cfg(test)]
fn until_mended(serving: &Serving) {
    loop {
        let before = open(serving);
        if before == 0 {
            return serving.until_settled();
        }
        until(|| (open(serving) < before).then_some(()));
    }
}

/// Every effect once, and nothing that would be sent.
#[cfg(test)]
async fn check(serving: &Serving, all: usize) {
    let deliveries = serving.deliveries().await;
    let keys: BTreeSet<&str> = deliveries
        .iter()
        .filter_map(|it| it["idempotency_key"].as_str())
        .collect();
    assert_eq!((deliveries.len(), keys.len()), (all, all));
    let repeats = |delivery: &&Json| delivery["repeats"] != 0;
    assert_eq!(deliveries.iter().filter(repeats).count(), 0);
    let nothing = json(&serving.on(&["--json", "redrive"]));
    assert_eq!(nothing["matched"], 0);
}

/// A process that serves the pack for development, with failures; and the pack's folder.
#[cfg(test)]
async fn failed(all: usize, receivers: Receivers) -> (Serving, TempDir) {
    let (folder, places) = (tempfile::tempdir().unwrap(), all.div_ceil(EACH));
    let faults = pack(folder.path(), places, receivers);
    let place = folder.path().display().to_string();
    let mut arguments = vec!["--dev", &place];
    arguments.extend(faults.iter().map(String::as_str));
    let serving = Serving::with(&arguments);
    fail_all(&serving, all, places).await;
    (serving, folder)
}

#[tokio::test]
async fn a_redrive_that_is_killed_is_repeated_and_repeats_nothing() {
    let (all, begin) = (failures(), Instant::now());
    let (serving, _folder) = failed(all, Receivers::Keyed).await;
    let failing = begin.elapsed();
    assert_eq!(code(&serving.on(&["fault", "clear"])), 0);
    let kills = redrive_killed(&serving.folder(), all);
    until_mended(&serving);
    println!(
        "{all} failures redriven by a command that was killed {kills} times; they failed in \
         {failing:.0?}, and all took {:.0?}",
        begin.elapsed()
    );
    check(&serving, all).await;
}

/// The command has the folder to itself, and the kill hits whatever it writes: what was sent and
/// not marked is sent twice, and arrives once.
#[tokio::test]
async fn a_redrive_without_a_process_that_serves_is_killed_and_repeats_nothing() {
    let all = USUALLY / 2;
    let (serving, folder) = failed(all, Receivers::Forgetful).await;
    let data = serving.stop();
    let kills = redrive_killed(&data.path().display().to_string(), all);
    let place = folder.path().display().to_string();
    let serving = Serving::on_folder(data, &["--dev", &place]);
    until_mended(&serving);
    println!(
        "{all} failures redriven on an idle folder by a command that was killed {kills} times"
    );
    check(&serving, all).await;
}
