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
fn failures_are_told_with_their_attempts_fallbacks_and_errors() {
    let folder = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp")
        .args(["-r", &support::dental()])
        .arg(folder.path())
        .status();
    assert!(copied.unwrap().success());
    let dental = folder.path().join("dental");
    let event = support::event("booking");
    let test = format!(
        "test: Everything that can fail does.\nnow: 2026-11-20T10:00:00Z\n\
         replies:\n  sms: [ {{ status: 400 }} ]\n  insurance: [ {{ status: 503 }}, {{ status: 404 }} ]\n\
         do: [ {{ event: {event} }}, {{ advance: 1m }} ]\n\
         expect: [ {{ appointment: {{ status: prepared }} }}, {{ error: HttpStatus404 }} ]\n"
    );
    fs::write(dental.join("failing.test.yaml"), test).unwrap();
    let failed = holdfast(&["test", &dental.display().to_string(), "--filter", "failing"]);
    assert_eq!(code(&failed), 1);
    insta::with_settings!({ filters => FILTERS }, {
        insta::assert_snapshot!("failures", out(&failed));
    });
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

/// What makes the door keep a list that it reads page by page, with a token.
const LIST: [(&str, &str); 3] = [
    (
        "books.connection.yaml",
        "connection: books\nkind: http\nurl: https://books.example/api\n\
         auth: { oauth2: { token_url: https://login.example/token, client_id: door, secret: books } }\n",
    ),
    (
        "list.workflow.yaml",
        "workflow: list\ndescription: Keeps the list.\nowner: me\nseverity: P3\n\
         trigger: { event: bell.rang, of: visit }\nsteps:\n\
         \x20 - id: read\n    uses: call-http\n    via: books\n    with: { path: /books, query: { size: 1 } }\n\
         \x20   pages: { items: response.body.books, next: response.body.next, into: all, max: 5 }\n\
         \x20   returns: { all: { type: list, of: { type: string }, from: response.all } }\n\
         \x20 - { id: keep, uses: update-record, with: { set: { books: =steps.read.all } } }\n",
    ),
    (
        "list.test.yaml",
        "test: The list is read whole.\nreplies:\n  books:\n\
         \x20   - { status: 200, body: { books: [a], next: \"https://books.example/api/books?page=2\" } }\n\
         \x20   - { status: 503, headers: { retry-after: \"600\" } }\n\
         \x20   - { status: 200, body: { books: [a], next: \"https://books.example/api/books?page=2\" } }\n\
         \x20   - { status: 200, body: { books: [b, c], next: \"\" } }\n\
         do: [ { event: ring.json }, { advance: 11m } ]\n\
         expect: [ { visit: { books: [a, b, c] } }, { sent: books, count: 2 } ]\n",
    ),
];

#[test]
fn a_list_is_read_page_by_page_with_a_token_and_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = pack(folder.path());
    for (name, text) in LIST {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let fields = "type: string, required: true }\n  books: { type: list, of: { type: string } }";
    replace(
        folder.path(),
        "visit.record.yaml",
        "type: string, required: true }",
        fields,
    );
    let passed = holdfast(&["test", &path]);
    assert_eq!(code(&passed), 0, "{}", out(&passed));
    replace(folder.path(), "list.test.yaml", "count: 2", "count: 7");
    let failed = out(&holdfast(&["test", &path]));
    assert!(failed.contains("read 2 pages"), "{failed}");
    replace(folder.path(), "list.test.yaml", "/api/books?", "/books?");
    let failed = out(&holdfast(&["test", &path]));
    assert!(failed.contains("NextPageRefused"), "{failed}");
}
