//! What nobody should send, by the hundred and over a socket: each is refused with a problem
//! document or becomes a question to a person, and the server goes on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::door;
use holdfast_embedded::inject::Faults;
use holdfast_embedded::registry::catalog;
use holdfast_embedded::store::Options;
use holdfast_embedded::system::{Settings, System};
use holdfast_engine::definition;
use holdfast_engine::name::TenantName;
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::house::files;

const OPEN: &str = "\
source: open
verify: none
event: \"'open.' + body.kind\"
id: body.id
data:
  count: { type: integer, required: true, from: body.count }
  name:  { type: string, pii: true, from: body.name }
";

const GOOD: &str = r#"{"kind":"sent","id":"e-1","count":3,"name":"Zoë"}"#;

/// What an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A problem document with this status.
    Problem(u16),
    /// A review item.
    Review,
    /// The socket's own refusal: the door never sees what is no HTTP.
    Socket,
}

use Expected::{Problem, Review, Socket};

struct Case {
    name: String,
    bytes: Vec<u8>,
    expected: Expected,
}

/// A request with headers of its own and the length that it has.
fn request(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
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
    for surrogate in [
        "\\ud800",
        "\\udc00",
        "\\ud800\\u0041",
        "\\udfff\\ud800",
        "a\\uD83D",
        "\\u12",
    ] {
        for old in ["sent", "e-1", "Zoë"] {
            cases.member(Problem(400), old, surrogate);
        }
    }
    for number in [
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
    ] {
        cases.member(Problem(400), ":3", &format!(":{number}"));
        cases.member(Problem(400), "\"e-1\"", number);
    }
    for value in [
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
    ] {
        cases.member(Review, ":3", &format!(":{value}"));
    }
    for old in ["sent", "e-1", "Zoë"] {
        cases.member(Review, old, "a\\u0000b");
    }
    for (old, new) in [
        ("\"e-1\"", "null"),
        ("\"e-1\"", "\"\""),
        (",\"id\":\"e-1\"", ""),
        ("\"sent\"", "null"),
        ("\"sent\"", "5"),
        ("\"Zoë\"", "5"),
        ("\"Zoë\"", "[\"a\"]"),
    ] {
        cases.member(Review, old, new);
    }
    for body in ["null", "1", "\"text\"", "[]", "true", "[{}]"] {
        cases.json(format!("the body {body}"), Review, body.as_bytes());
    }
}

fn mistyped(cases: &mut Cases) {
    for media_type in [
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
    ] {
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
    for body in [
        "",
        "&&&",
        "=",
        "kind=sent",
        "kind=sent&id=1&count=",
        "kind=a&kind=b&id=1&count=x",
        "kind=a&id=%00&count=1",
        "kind=a&id=1&count=1&count=2",
    ] {
        cases.sent(format!("form {body}"), Review, form, body.as_bytes());
    }
    for (media_type, body) in [
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
    ] {
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
        let headers: String = (0..count)
            .map(|number| format!("x-{number}: 1\r\n"))
            .collect();
        cases.sent(
            format!("{count} headers"),
            Socket,
            &headers,
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
    for path in [
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
    ] {
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

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// Sends bytes and reads what comes back; a socket that is closed in the middle of a body has
/// answered before.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = socket.split();
    let mut answer = Vec::new();
    let write = async {
        let _closed = writing.write_all(bytes).await;
    };
    let read = async {
        let _reset = reading.read_to_end(&mut answer).await;
    };
    let both = async { tokio::join!(write, read) };
    let ended = tokio::time::timeout(Duration::from_secs(20), both).await;
    assert!(ended.is_ok(), "no answer");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

impl Answer {
    /// What is wrong with this answer; the case's own is right.
    fn fault(&self, expected: Expected) -> Option<String> {
        let json: Json = serde_json::from_str(&self.body).unwrap_or_default();
        let right = match expected {
            Problem(status) => {
                self.status == status
                    && json["status"] == status
                    && json["code"].is_string()
                    && self.head.contains("application/problem+json")
            }
            Review => self.status == 202 && json["status"] == "review",
            Socket => (400..500).contains(&self.status),
        };
        (!right).then(|| format!("{expected:?}, got {} {}", self.status, self.body))
    }
}

fn pack() -> LoadedPack {
    let files = files("open", OPEN);
    match definition::load(&files, &catalog::<SystemClock>()) {
        Ok((pack, _)) => LoadedPack {
            pack: Arc::new(pack),
            files,
        },
        Err(mistakes) => panic!("{mistakes:#?}"),
    }
}

#[tokio::test]
async fn hundreds_of_bad_requests_are_answered_each_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        data: folder.path().to_owned(),
        development: true,
        tenants: vec![TenantName::new("demo").unwrap()],
        packs: vec![pack()],
        secrets: BTreeMap::new(),
        public_url: None,
        clock: SystemClock,
        seed: Some(1),
        faults: Faults::default(),
        extension: None,
        store: Options::default(),
    };
    let system = Arc::new(System::start(settings).await.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = door::routes(Arc::clone(&system), false);
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move { axum::serve(listener, routes).await });

    let mut cases = Cases::default();
    damaged(&mut cases);
    misunderstood(&mut cases);
    mistyped(&mut cases);
    outsized(&mut cases);
    println!("{} cases", cases.0.len());
    assert!(cases.0.len() > 300);
    let mut faults = Vec::new();
    for case in &cases.0 {
        let answer = exchange(address, &case.bytes).await;
        faults.extend(
            answer
                .fault(case.expected)
                .map(|fault| format!("{}: {fault}", case.name)),
        );
        assert!(
            !answer.body.contains("Zoë"),
            "{}: {}",
            case.name,
            answer.body
        );
    }
    assert!(faults.is_empty(), "{faults:#?}");

    let good = request(
        "/hooks/demo/open",
        "content-type: application/json\r\n",
        GOOD.as_bytes(),
    );
    let answer = exchange(address, &good).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert!(answer.body.contains("accepted"), "{}", answer.body);
    let health = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert_eq!(exchange(address, health).await.status, 200);
    assert!(server.try_join_next().is_none(), "it still serves");
}
