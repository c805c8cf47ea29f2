//! What an author of definitions sees: mistakes, tests that fail, edits under `--watch`.

#[cfg(test)]
mod support;

use std::fs;
use std::path::Path;

use support::{FILTERS, Serving, code, err, holdfast, json, out, until};

/// Files of a small pack: a door that opens and closes.
const PACK: [(&str, &str); 5] = [
    ("pack.yaml", "pack: door\n"),
    (
        "visit.record.yaml",
        "record: visit\nkey: [number]\nfields:\n  number: { type: string, required: true }\n\
         states: [open, closed]\ninitial: open\ntransitions: [ { from: [open], to: closed, by: shut } ]\n",
    ),
    (
        "bell.source.yaml",
        "source: bell\nverify: { scheme: standard-webhooks, secret: bell }\nevent: \"'bell.' + body.kind\"\n\
         id: body.number\nrecords:\n  - { as: visit, type: visit, create: true, map: { number: body.number } }\n",
    ),
    (
        "shut.workflow.yaml",
        "workflow: shut\ndescription: Shuts the door.\nowner: me\nseverity: P3\n\
         trigger: { event: bell.rang, of: visit }\nsteps:\n\
         \x20 - { id: shut, uses: update-record, with: { status: closed } }\n",
    ),
    (
        "shut.test.yaml",
        "test: A visit is closed when the bell rang.\ndo: [ { event: ring.json } ]\n\
         expect: [ { visit: { status: closed, number: \"7\" } } ]\n",
    ),
];

const RING: &str = r#"{ "rawPath": "/hooks/demo/bell", "headers": { "content-type": "application/json" },
    "body": "{\"kind\":\"rang\",\"number\":\"7\"}" }"#;

#[cfg(test)]
fn pack(folder: &Path) -> String {
    for (name, text) in PACK {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(folder.join("ring.json"), RING).unwrap();
    folder.display().to_string()
}

#[cfg(test)]
fn replace(folder: &Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(folder.join(file), text.replace(from, to)).unwrap();
}

#[test]
fn every_mistake_of_every_file_is_shown_with_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = pack(folder.path());
    replace(
        folder.path(),
        "shut.workflow.yaml",
        "update-record",
        "update-recrod",
    );
    replace(
        folder.path(),
        "bell.source.yaml",
        "body.kind\"",
        "body.kind + nobody.x\"",
    );
    replace(
        folder.path(),
        "visit.record.yaml",
        "type: string",
        "type: text",
    );
    fs::write(folder.path().join("note.txt"), [b'a', 0xff]).unwrap();
    let check = holdfast(&["check", &path]);
    assert_eq!(code(&check), 1);
    let text = out(&check).replace(&path, "[pack]");
    insta::with_settings!({ filters => FILTERS }, {
        insta::assert_snapshot!("mistakes", text);
    });
    let report = json(&holdfast(&["--json", "check", &path]));
    let first = &report["mistakes"][0];
    assert!(
        first["line"].is_u64() && first["code"].is_string(),
        "{first}"
    );
}

#[test]
fn a_test_that_fails_shows_what_was_expected_and_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let path = pack(folder.path());
    let passed = holdfast(&["test", &path]);
    assert_eq!(code(&passed), 0, "{}", out(&passed));
    replace(
        folder.path(),
        "shut.test.yaml",
        "status: closed",
        "status: open",
    );
    let failed = holdfast(&["test", &path]);
    assert_eq!(code(&failed), 1);
    insta::with_settings!({ filters => FILTERS }, {
        insta::assert_snapshot!("failed_test", out(&failed));
    });
    let none = holdfast(&["test", &path, "--filter", "nothing"]);
    assert_eq!(code(&none), 2);
}

#[test]
fn a_broken_edit_leaves_the_live_version_and_a_good_one_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = pack(folder.path());
    let serving = Serving::with(&["--dev", "--watch", &path]);
    let live = || json(&serving.on(&["--json", "status"]))["packs"]["demo"][0].clone();
    let first = live();
    replace(folder.path(), "shut.workflow.yaml", "Shuts", "Really shuts");
    let second = until(|| Some(live()).filter(|now| *now != first));
    replace(
        folder.path(),
        "pack.yaml",
        "pack: door",
        "pack: door\nwindow: open",
    );
    replace(
        folder.path(),
        "shut.workflow.yaml",
        "owner: me",
        "owner: you",
    );
    let ring = folder.path().join("ring.json").display().to_string();
    let good = tempfile::tempdir().unwrap();
    let sent = holdfast(&[
        "--json",
        "send",
        &pack(good.path()),
        &ring,
        "--url",
        &serving.url,
    ]);
    assert_eq!(json(&sent)["status"], 202);
    assert_eq!(live(), second);
    replace(folder.path(), "pack.yaml", "\nwindow: open", "");
    until(|| Some(live()).filter(|now| *now != second));
}

#[test]
fn a_folder_or_event_file_that_is_none_is_wrong_usage() {
    let missing = holdfast(&["check", "/nowhere"]);
    assert_eq!(code(&missing), 2);
    assert!(err(&missing).contains("/nowhere"), "{}", err(&missing));
    let folder = tempfile::tempdir().unwrap();
    let path = pack(folder.path());
    let event = holdfast(&["send", &path, &format!("{path}/pack.yaml")]);
    assert_eq!(code(&event), 2);
    let nobody = holdfast(&[
        "send",
        &path,
        &format!("{path}/ring.json"),
        "--url",
        "http://127.0.0.1:1",
    ]);
    assert_eq!(code(&nobody), 3);
}
