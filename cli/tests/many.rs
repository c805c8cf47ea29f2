//! Hundreds of failures, sent again by a command that is killed.

#[cfg(test)]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use support::{FORM, Serving, code, err, json, lead, leads, until};

/// Connections, each with a workflow of its own.
const PLACES: usize = 16;

/// Failures of each: too few for its breaker to open.
const EACH: usize = 16;

const ALL: usize = PLACES * EACH;

/// The pack `leads` with many connections, and the faults of each.
#[cfg(test)]
fn pack(folder: &Path) -> Vec<String> {
    for entry in fs::read_dir(leads()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let connection = fs::read_to_string(folder.join("crm.connection.yaml")).unwrap();
    let workflow = fs::read_to_string(folder.join("intake.workflow.yaml")).unwrap();
    let write = |name: String, text: String| fs::write(folder.join(name), text).unwrap();
    for place in 0..PLACES {
        let name = format!("crm{place}");
        let text = connection.replace("connection: crm", &format!("connection: {name}"));
        write(format!("{name}.connection.yaml"), text);
        let text = workflow
            .replace("workflow: intake", &format!("workflow: intake{place}"))
            .replace("form.sent", &format!("form.sent{place}"))
            .replace("via: crm", &format!("via: {name}"));
        write(format!("intake{place}.workflow.yaml"), text);
    }
    let fault = |place| ["--fault".to_owned(), format!("crm{place}=503")];
    (0..PLACES).flat_map(fault).collect()
}

#[cfg(test)]
async fn fail_all(serving: &Serving) {
    for number in 0..ALL {
        let event = format!("sent{}", number % PLACES);
        let (id, email) = (format!("e{number}"), format!("lead{number}@example.com"));
        let (status, _) = serving
            .post_signed(FORM, &lead(&event, &id, &email, "N"))
            .await;
        assert_eq!(status, 202);
    }
    until(|| (open(serving) == ALL).then_some(()));
}

#[cfg(test)]
fn open(serving: &Serving) -> usize {
    let status = json(&serving.on(&["--json", "status"]));
    usize::try_from(status["operations"]["errors"].as_u64().unwrap()).unwrap()
}

#[tokio::test]
async fn a_redrive_that_is_killed_is_repeated_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let faults = pack(folder.path());
    let place = folder.path().display().to_string();
    let mut arguments = vec!["--dev", &place];
    arguments.extend(faults.iter().map(String::as_str));
    let serving = Serving::with(&arguments);
    fail_all(&serving).await;
    assert_eq!(code(&serving.on(&["fault", "clear"])), 0);
    for part in [1, 2] {
        let running = serving.begin(&["redrive", "--rate", "100/s"]);
        until(|| (open(&serving) <= ALL - part * ALL / 4).then_some(()));
        // Dropping it kills it.
        drop(running);
    }
    assert!(
        open(&serving) > 0,
        "it was killed too late to show anything"
    );
    let rest = serving.on(&["--json", "redrive", "--rate", "1000/s"]);
    assert_eq!(code(&rest), 0, "{}", err(&rest));
    until(|| (open(&serving) == 0).then_some(()));
    serving.until_settled();
    let deliveries = serving.deliveries().await;
    let keys: BTreeSet<&str> = deliveries
        .iter()
        .filter_map(|it| it["idempotency_key"].as_str())
        .collect();
    assert_eq!((deliveries.len(), keys.len()), (ALL, ALL));
    let repeats = |delivery: &&Json| delivery["repeats"] != 0;
    assert_eq!(deliveries.iter().filter(repeats).count(), 0);
    let nothing = json(&serving.on(&["--json", "redrive"]));
    assert_eq!(nothing["matched"], 0);
}
