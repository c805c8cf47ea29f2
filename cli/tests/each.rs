//! A step that is performed for every element of a list, as the test of a pack tells it.

#[cfg(test)]
mod support;

use std::collections::BTreeSet;
use std::fs;

use support::{code, holdfast, out};

/// A party whose guests are invited, each by itself.
const PACK: [(&str, &str); 6] = [
    ("pack.yaml", "pack: party\n"),
    (
        "party.record.yaml",
        "record: party\nkey: [number]\nfields:\n  number: { type: string, required: true }\n  \
         invited: { type: integer, default: 0 }\nstates: [open, planned]\ninitial: open\n\
         transitions: [ { from: [open], to: planned, by: invite } ]\n",
    ),
    (
        "desk.source.yaml",
        "source: desk\nverify: { scheme: standard-webhooks, secret: desk }\nevent: \"'desk.planned'\"\n\
         id: body.number\ndata:\n  guests: { type: list, of: { type: string }, from: body.guests }\n\
         records:\n  - { as: party, type: party, create: true, map: { number: body.number } }\n",
    ),
    (
        "post.connection.yaml",
        "connection: post\nkind: http\nurl: https://post.example\n\
         idempotency: { header: Idempotency-Key, window: 24h }\n\
         sandbox: { status: 201, body: { letter: l-1 } }\n",
    ),
    (
        "invite.workflow.yaml",
        "workflow: invite\ndescription: Every guest gets a letter.\nowner: me\nseverity: P3\n\
         trigger: { event: desk.planned, of: party }\nsteps:\n\
         \x20 - id: letters\n    uses: call-http\n    via: post\n    each: =event.data.guests\n\
         \x20   with: { method: POST, path: \"/letters/{{ item }}\" }\n\
         \x20   returns: { letter: { type: string, required: true, from: response.body.letter } }\n\
         \x20 - { id: note, uses: update-record, with: { status: planned, set: { invited: =size(steps.letters) } } }\n",
    ),
    (
        "planned.json",
        r#"{ "rawPath": "/hooks/demo/desk", "headers": { "content-type": "application/json" },
    "body": "{\"number\":\"7\",\"guests\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\"]}" }"#,
    ),
];

/// What `holdfast test` says of the pack and this test.
#[cfg(test)]
fn tested(test: &str) -> (i32, String) {
    tested_with(test, str::to_owned)
}

/// The same of the pack with its texts changed.
#[cfg(test)]
fn tested_with(test: &str, edit: impl Fn(&str) -> String) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in PACK.into_iter().chain([("invite.test.yaml", test)]) {
        fs::write(folder.path().join(name), edit(text)).unwrap();
    }
    let tested = holdfast(&["test", &folder.path().display().to_string()]);
    (code(&tested), out(&tested))
}

#[test]
fn each_guest_gets_a_letter_before_the_party_is_planned() {
    let (code, said) = tested(
        "test: Each guest gets a letter.\ndo: [ { event: planned.json } ]\n\
         expect: [ { party: { status: planned, invited: 7 } }, { sent: post, count: 7 } ]\n",
    );
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_letter_that_is_refused_keeps_the_party_open_and_the_trace_shows_which() {
    let failing = "test: One letter is refused.\nreplies:\n  post: [ { status: 201, body: { letter: l-1 } }, { status: 422 } ]\n\
         do: [ { event: planned.json } ]\n";
    let held = format!(
        "{failing}expect: [ {{ party: {{ status: open }} }}, {{ sent: post, count: 6 }}, {{ error: HttpStatus422 }} ]\n"
    );
    let (code, said) = tested(&held);
    assert_eq!(code, 0, "{said}");
    let (code, said) = tested(&format!(
        "{failing}expect: [ {{ party: {{ status: planned }} }} ]\n"
    ));
    assert_eq!(code, 1, "{said}");
    let has = |part: &str| said.lines().any(|line| line.contains(part));
    assert!(has("letters  6 elements  succeeded"), "{said}");
    assert!(has("7 elements  waiting"), "{said}");
    let named = said
        .split_whitespace()
        .filter(|word| word.starts_with("letters@"));
    let named: BTreeSet<_> = named.collect();
    assert_eq!(named, ["letters@001"].into(), "the second one: {said}");
}

/// A test in which each guest's letter has its own number, and the numbers are kept.
#[cfg(test)]
fn numbered(after: &str) -> String {
    let replies: Vec<_> = (1..=7)
        .map(|number| format!("{{ status: 201, body: {{ letter: l-{number} }} }}"))
        .collect();
    format!(
        "test: Each letter has its number.\nreplies: {{ post: [ {} ] }}\n\
         do: [ {{ event: planned.json }}{after} ]\n\
         expect: [ {{ party: {{ status: planned, letters: l-1 l-2 l-3 l-4 l-5 l-6 l-7 }} }} ]\n",
        replies.join(", ")
    )
}

/// The pack, which keeps the numbers in the order of the guests; the connection has `more`.
#[cfg(test)]
fn keeping(text: &str, more: &str) -> String {
    text.replace(
        "invited: { type: integer, default: 0 }",
        "letters: { type: string }",
    )
    .replace(
        "invited: =size(steps.letters)",
        "letters: \"=join(steps.letters.map(one, one.letter), ' ')\"",
    )
    .replace("kind: http\n", &format!("kind: http\n{more}"))
}

#[test]
fn elements_take_the_replies_of_a_test_in_the_order_of_the_list() {
    for _ in 0..5 {
        let (code, said) = tested_with(&numbered(""), |text| keeping(text, ""));
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn they_take_them_in_order_when_they_wait_for_their_turns() {
    for rate in ["rate: 4/s\n", "rate: 20/s\n"] {
        let (code, said) = tested_with(&numbered(", { advance: 10s }"), |text| keeping(text, rate));
        assert_eq!(code, 0, "{rate}: {said}");
    }
}
