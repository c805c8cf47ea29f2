//! Bad requests by the hundred: damaged, misunderstood, of another type, too large.

use Expected::{Problem, Review, Socket};

pub(crate) const GOOD: &str = r#"{"kind":"sent","id":"e-1","count":3,"name":"Zoë"}"#;

const NUMBERS: &[&str] = &[
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775809",
    "1e400",
    "-1e400",
    "9007199254740993.0",
    "1e20",
    "1e300",
    "123456789012345678901234567890",
    "0x10",
    "01",
    "+1",
    "1.",
    ".5",
    "NaN",
    "Infinity",
    "-",
    "1_000",
];

const MEDIA_TYPES: &[&str] = &[
    "text/plain",
    "text/xml",
    "application/xml",
    "text/html",
    "application/octet-stream",
    "image/png",
    "application/x-protobuf",
    "application/grpc",
    "application/msgpack",
    "application/cbor",
    "application/yaml",
    "text/csv",
    "application/pdf",
    "multipart/mixed; boundary=x",
    "application/jsonx",
    "json",
    "*/*",
    ";",
    ",",
    "application/json, text/plain",
    "application",
];

const PATHS: &[&str] = &[
    "/hooks",
    "/hooks/",
    "/hooks/demo",
    "/hooks/demo/",
    "/hooks/demo/open/",
    "/hooks/demo/open/x",
    "/hooks/demo/%00",
    "/hooks/demo/op%65n",
    "/hooks/../demo/open",
    "/hooks/nobody/open",
    "/hooks/demo/OPEN",
    "/hooks//open",
    "/",
];

const PARTS: &[(&str, &str)] = &[
    ("multipart/form-data", "--x--"),
    ("multipart/form-data; boundary=", "--x--"),
    ("multipart/form-data; boundary=x", ""),
    ("multipart/form-data; boundary=x", "--x"),
    ("multipart/form-data; boundary=x", "--y--\r\n"),
    ("multipart/form-data; boundary=x", GOOD),
    ("multipart/form-data; boundary=x", "--x\r\n\r\n1\r\n--x--"),
    (
        "multipart/form-data; boundary=x",
        "--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1",
    ),
    (
        "multipart/form-data; boundary=x",
        "--x\r\ncontent-disposition: form-data\r\n\r\n1\r\n--x--",
    ),
];

const MEMBERS: &[(&str, &str)] = &[
    ("\"e-1\"", "null"),
    ("\"e-1\"", "\"\""),
    (",\"id\":\"e-1\"", ""),
    ("\"sent\"", "null"),
    ("\"sent\"", "5"),
    ("\"Zoë\"", "5"),
    ("\"Zoë\"", "[\"a\"]"),
];

const FORMS: &[&str] = &[
    "",
    "&&&",
    "=",
    "kind=sent",
    "kind=sent&id=1&count=",
    "kind=a&kind=b&id=1&count=x",
    "kind=a&id=%00&count=1",
    "kind=a&id=1&count=1&count=2",
];

const SURROGATES: &[&str] = &[
    "\\ud800",
    "\\udc00",
    "\\ud800\\u0041",
    "\\udfff\\ud800",
    "a\\uD83D",
    "\\u12",
];

const COUNTS: &[&str] = &[
    "1.5",
    "\"3 \"",
    "\"03\"",
    "true",
    "null",
    "[]",
    "{}",
    "\"\"",
    "\"many\"",
    "[3]",
    "9007199254740991.5e-1",
];

/// What an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A problem document with this status.
    Problem(u16),
    /// A review item.
    Review,
    /// The socket's own refusal: the door never sees what is no HTTP.
    Socket,
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Expected,
}

/// A request with headers of its own and the length that it has.
pub(crate) fn request(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn raw(&mut self, name: impl Into<String>, expected: Expected, bytes: Vec<u8>) {
        let name = name.into();
        self.0.push(Case {
            name,
            bytes,
            expected,
        });
    }

    fn sent(&mut self, name: impl Into<String>, expected: Expected, headers: &str, body: &[u8]) {
        self.raw(name, expected, request("/hooks/demo/open", headers, body));
    }

    fn json(&mut self, name: impl Into<String>, expected: Expected, body: &[u8]) {
        self.sent(name, expected, "content-type: application/json\r\n", body);
    }

    /// The good body with another value of a member.
    fn member(&mut self, expected: Expected, old: &str, new: &str) {
        assert!(GOOD.contains(old), "{old}");
        let body = GOOD.replace(old, new);
        let name: String = new.chars().take(60).collect();
        self.json(format!("{old} → {name}"), expected, body.as_bytes());
    }
}

fn damaged(cases: &mut Cases) {
    for end in 0..GOOD.len() {
        let body = &GOOD.as_bytes()[..end];
        cases.json(format!("cut at {end}"), Problem(400), body);
    }
    for at in 0..GOOD.len() {
        for (byte, what) in [(0xff, "no UTF-8"), (0, "NUL"), (0x1f, "a control")] {
            let mut body = GOOD.as_bytes().to_vec();
            body.insert(at, byte);
            cases.json(format!("{what} at {at}"), Problem(400), &body);
        }
    }
    for depth in [129, 1000, 100_000] {
        for (open, inner, close) in [("[", "1", "]"), ("{\"a\":", "1", "}")] {
            let body = [open.repeat(depth), inner.to_owned(), close.repeat(depth)].concat();
            cases.json(
                format!("{depth} deep {open}"),
                Problem(400),
                body.as_bytes(),
            );
            let never_closed = open.repeat(depth);
            cases.json(
                format!("{depth} open {open}"),
                Problem(400),
                never_closed.as_bytes(),
            );
        }
    }
}

fn misunderstood(cases: &mut Cases) {
    for twice in [
        "\"id\":\"e-2\"",
        "\"count\":3",
        "\"\\u0069d\":\"e-1\"",
        "\"name\":{\"a\":1,\"a\":1}",
    ] {
        cases.member(
            Problem(400),
            "\"kind\":\"sent\"",
            &format!("\"kind\":\"sent\",{twice}"),
        );
    }
    for surrogate in SURROGATES.iter().copied() {
        for old in ["sent", "e-1", "Zoë"] {
            cases.member(Problem(400), old, surrogate);
        }
    }
    for number in NUMBERS.iter().copied() {
        cases.member(Problem(400), ":3", &format!(":{number}"));
        cases.member(Problem(400), "\"e-1\"", number);
    }
    for value in COUNTS {
        cases.member(Review, ":3", &format!(":{value}"));
    }
    for old in ["sent", "e-1", "Zoë"] {
        cases.member(Review, old, "a\\u0000b");
    }
    for (old, new) in MEMBERS.iter().copied() {
        cases.member(Review, old, new);
    }
    for body in ["null", "1", "\"text\"", "[]", "true", "[{}]"] {
        cases.json(format!("the body {body}"), Review, body.as_bytes());
    }
}

fn mistyped(cases: &mut Cases) {
    for media_type in MEDIA_TYPES.iter().copied() {
        let header = format!("content-type: {media_type}\r\n");
        cases.sent(media_type, Problem(415), &header, GOOD.as_bytes());
    }
    let gzip = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    for encoding in [
        "gzip",
        "GZIP",
        "deflate",
        "br",
        "zstd",
        "x-gzip",
        "gzip, gzip",
        "identity, gzip",
    ] {
        let header = format!("content-type: application/json\r\ncontent-encoding: {encoding}\r\n");
        cases.sent(encoding, Problem(415), &header, &gzip);
    }
    cases.json("gzip that nothing announces", Problem(400), &gzip);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for body in [
        &b"kind=sent&id=%ff&count=1"[..],
        b"kind=\xff&id=1&count=1",
        b"%c3=1",
        b"kind=a&id=b&count=%ed%a0%80",
    ] {
        cases.sent(format!("form {body:?}"), Problem(400), form, body);
    }
    for body in FORMS {
        cases.sent(format!("form {body}"), Review, form, body.as_bytes());
    }
    for (media_type, body) in PARTS {
        let header = format!("content-type: {media_type}\r\n");
        cases.sent(
            format!("{media_type} {body}"),
            Problem(400),
            &header,
            body.as_bytes(),
        );
    }
}

fn outsized(cases: &mut Cases) {
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    cases.json("over 1 MiB", Problem(413), large.as_bytes());
    let name = "x".repeat(200 * 1024);
    cases.member(Problem(413), "Zoë", &name);
    for count in [200, 10_000] {
        let headers: Vec<String> = (0..count)
            .map(|number| format!("x-{number}: 1\r\n"))
            .collect();
        cases.sent(
            format!("{count} headers"),
            Socket,
            &headers.concat(),
            GOOD.as_bytes(),
        );
    }
    let long = format!("x-long: {}\r\n", "x".repeat(1024 * 1024));
    cases.sent("a header of 1 MiB", Socket, &long, GOOD.as_bytes());
    for headers in [
        "x-nul: a\0b\r\n",
        "x y: 1\r\n",
        ": 1\r\n",
        "content-length: 5\r\n",
        "content-length: -1\r\n",
    ] {
        cases.sent(format!("{headers:?}"), Socket, headers, GOOD.as_bytes());
    }
    for path in PATHS.iter().copied() {
        cases.raw(path, Problem(404), request(path, "", GOOD.as_bytes()));
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let text = String::from_utf8(request("/hooks/demo/open", "", GOOD.as_bytes())).unwrap();
        cases.raw(
            method,
            Problem(405),
            text.replacen("POST", method, 1).into_bytes(),
        );
    }
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    damaged(&mut cases);
    misunderstood(&mut cases);
    mistyped(&mut cases);
    outsized(&mut cases);
    cases.0
}
