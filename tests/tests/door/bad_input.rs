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

use crate::bad_cases::{self, Expected, GOOD, request};
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
            Expected::Problem(status) => {
                self.status == status
                    && json["status"] == status
                    && json["code"].is_string()
                    && self.head.contains("application/problem+json")
            }
            Expected::Review => self.status == 202 && json["status"] == "review",
            Expected::Socket => (400..500).contains(&self.status),
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

    let cases = bad_cases::all();
    println!("{} cases", cases.len());
    assert!(cases.len() > 300);
    let mut faults = Vec::new();
    for case in &cases {
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
