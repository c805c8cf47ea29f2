//! Where a command looks and acts: a data folder or a stage, and never both.

#[cfg(test)]
mod support;

use support::{code, err, holdfast};

/// Every command that works on a place, with what it needs beside it.
const COMMANDS: [&[&str]; 21] = [
    &["status"],
    &["trace", "form:e1"],
    &["errors", "list"],
    &["errors", "show", "a"],
    &["errors", "ack", "a"],
    &["errors", "resolve", "a", "--reason", "why"],
    &["errors", "stats"],
    &["review", "list"],
    &["review", "claim", "a"],
    &["review", "approve", "a"],
    &["review", "edit", "a", "--body", "b.json"],
    &["review", "reject", "a", "--reason", "why"],
    &["review", "retry", "a"],
    &["review", "done", "a", "--reason", "why"],
    &["redrive"],
    &[
        "rerun",
        "demo/lead/1/intake/4arwnqhubmcmnd34q7utop7afv",
        "--from",
        "tell",
        "--reason",
        "why",
    ],
    &["stop", "intake", "--reason", "why"],
    &["start", "intake"],
    &["config", "list", "dental"],
    &["import", "dental", "patient", "patients.csv"],
    &["config", "set", "dental", "tz", "UTC"],
];

fn with<'a>(command: &[&'a str], more: &[&'a str]) -> (i32, String) {
    let output = holdfast(&[command, more].concat());
    (code(&output), err(&output))
}

#[test]
fn a_folder_and_a_stage_exclude_each_other() {
    for command in COMMANDS {
        let (code, message) = with(command, &["--data", "here", "--stage", "dev"]);
        assert_eq!(code, 2, "{command:?}: {message}");
        assert!(message.contains("cannot be used with"), "{message}");
    }
}

#[test]
fn a_stack_needs_its_stage() {
    for command in COMMANDS {
        let (code, message) = with(command, &["--stack", "clinic"]);
        assert_eq!(code, 2, "{command:?}: {message}");
        assert!(message.contains("--stage <STAGE>"), "{message}");
    }
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_program_without_aws_says_how_to_build_one_that_reaches_a_stage() {
    let event = format!(
        "{}/../events/receive-webhook.booking.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let pack = support::dental();
    let more: [&[&str]; 3] = [
        &["send", &pack, &event],
        &["publish", &pack],
        &["rollback", "dental"],
    ];
    for command in COMMANDS.iter().chain(&more) {
        let (code, message) = with(command, &["--stage", "dev"]);
        assert_eq!(code, 2, "{command:?}: {message}");
        assert!(message.contains("the stack holdfast-dev"), "{message}");
        assert!(message.contains("--features aws"), "{message}");
        let (_, message) = with(command, &["--stage", "dev", "--stack", "clinic"]);
        assert!(message.contains("the stack clinic"), "{message}");
    }
}

#[test]
fn an_address_and_a_stage_exclude_each_other() {
    let (code, message) = with(
        &["send", "pack", "event.json"],
        &["--url", "http://127.0.0.1:1", "--stage", "dev"],
    );
    assert_eq!(code, 2);
    assert!(message.contains("cannot be used with"), "{message}");
}

#[test]
fn a_pack_is_published_to_a_stage_alone() {
    for command in [&["publish", "pack"][..], &["rollback", "dental"][..]] {
        let (code, message) = with(command, &[]);
        assert_eq!(code, 2);
        assert!(message.contains("--stage <STAGE>"), "{message}");
    }
}

#[test]
fn a_share_is_neither_nothing_nor_everything() {
    for share in ["0", "100", "ten"] {
        let (code, message) = with(&["publish", "pack"], &["--stage", "dev", "--canary", share]);
        assert_eq!(code, 2);
        assert!(message.contains("--canary"), "{message}");
    }
}

#[test]
fn mistakes_are_shown_before_anything_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pack.yaml"), "pack: shop\ncolour: red\n").unwrap();
    let pack = folder.path().display().to_string();
    let (code, message) = with(&["publish", &pack], &["--stage", "dev"]);
    assert_eq!(code, 1, "{message}");
    assert!(message.contains("a pack has no key `colour`"), "{message}");
    assert!(message.contains("1 mistake in 1 file"), "{message}");
}
