//! What a workflow promises, as the test of a pack tells it: what was done is undone, and what
//! should have followed is looked for.

#[cfg(test)]
mod support;

use std::fs;

use support::{code, holdfast, out};

/// A stay: a room is taken, paid for, and confirmed by the guest.
const PACK: [(&str, &str); 8] = [
    ("pack.yaml", "pack: inn\n"),
    (
        "stay.record.yaml",
        "record: stay\nkey: [number]\nfields:\n  number: { type: string, required: true }\n  \
         room: { type: string }\nstates: [open, paid]\ninitial: open\n\
         transitions: [ { from: [open], to: paid, by: book } ]\n",
    ),
    (
        "desk.source.yaml",
        "source: desk\nverify: { scheme: standard-webhooks, secret: desk }\nevent: \"'desk.' + body.kind\"\n\
         id: body.number + body.kind\nrecords:\n  - { as: stay, type: stay, create: true, map: { number: body.number } }\n",
    ),
    (
        "rooms.connection.yaml",
        "connection: rooms\nkind: http\nurl: https://rooms.example\n\
         idempotency: { header: Idempotency-Key, window: 24h }\n",
    ),
    (
        "bank.connection.yaml",
        "connection: bank\nkind: http\nurl: https://bank.example\n",
    ),
    (
        "book.workflow.yaml",
        "workflow: book\ndescription: A room is taken and paid for.\nowner: me\nseverity: P3\n\
         trigger: { event: desk.asked, of: stay }\ndeadline: 1h\n\
         outcome: { expect: desk.arrived, within: 2d }\nsteps:\n\
         \x20 - id: take\n    uses: call-http\n    via: rooms\n    with: { method: POST, path: /rooms }\n\
         \x20   returns: { room: { type: string, required: true, from: response.body.room } }\n\
         \x20   compensate: { uses: call-http, via: rooms, with: { method: DELETE, path: \"/rooms/{{ steps.take.room }}\" } }\n\
         \x20 - { id: note, uses: update-record, with: { set: { room: =steps.take.room } }, compensate: { uses: update-record, with: { set: { room: ~ } } } }\n\
         \x20 - { id: pay, uses: call-http, via: bank, with: { method: POST, path: /charges } }\n\
         \x20 - { id: close, uses: update-record, with: { status: paid } }\n",
    ),
    (
        "refused.test.yaml",
        "test: A room is given back when its payment is refused.\n\
         replies:\n  rooms: [ { status: 201, body: { room: r-7 } } ]\n  bank: [ { status: 402 } ]\n\
         do: [ { event: asked.json }, { advance: 3d } ]\n\
         expect: [ { stay: { status: open, room: ~ } }, { sent: rooms, count: 2 }, { sent: bank, count: 0 }, { error: HttpStatus402 } ]\n",
    ),
    (
        "absent.test.yaml",
        "test: A guest who never came is noticed.\n\
         replies:\n  rooms: [ { status: 201, body: { room: r-7 } } ]\n\
         do: [ { event: asked.json }, { advance: 3d } ]\n\
         expect: [ { stay: { status: paid, room: r-7 } }, { sent: rooms, count: 1 }, { error: OutcomeMissing } ]\n",
    ),
];

fn event(kind: &str) -> String {
    let body = format!(r#"{{\"kind\":\"{kind}\",\"number\":\"7\"}}"#);
    format!(
        r#"{{ "rawPath": "/hooks/demo/desk", "headers": {{ "content-type": "application/json" }}, "body": "{body}" }}"#
    )
}

#[test]
fn a_pack_tells_in_its_tests_what_is_undone_and_what_did_not_follow() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in PACK {
        fs::write(folder.path().join(name), text).unwrap();
    }
    fs::write(folder.path().join("asked.json"), event("asked")).unwrap();
    let tested = holdfast(&["test", &folder.path().display().to_string()]);
    assert_eq!(code(&tested), 0, "{}", out(&tested));
    let wrong = PACK[6].1.replace("count: 2", "count: 1");
    fs::write(folder.path().join("refused.test.yaml"), wrong).unwrap();
    let failed = holdfast(&["test", &folder.path().display().to_string()]);
    let shown = out(&failed);
    assert_eq!(code(&failed), 1, "{shown}");
    for line in [
        "book · take.undo",
        "book · note.undo",
        "book compensated",
        "book moot: the event desk.arrived",
    ] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
}
