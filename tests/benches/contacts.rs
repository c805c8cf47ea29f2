//! Contacts of a file are looked up in a directory that answers 8 calls a second and refuses the
//! rest: 5,000 by one call for each batch, and some by one call each, which is told for 5,000.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use holdfast_embedded::control::records;
use holdfast_engine::import::Verdict;
use holdfast_engine::name::{RecordType, TenantName};
use holdfast_tests::bench::{self, import, machine, pack_with};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// What is imported, and what is imported one by one.
const CONTACTS: u32 = 5_000;
const ONE_BY_ONE: u32 = 400;

/// Calls that the directory answers in any second.
const LIMIT: usize = 8;

fn main() {
    bench::run(measure());
}

async fn measure() {
    let batched = enrich(CONTACTS, true).await;
    println!("{CONTACTS} contacts, a call for each batch   {batched}");
    let each = enrich(ONE_BY_ONE, false).await;
    println!("{ONE_BY_ONE} contacts, a call for each        {each}");
    let all = each.took.as_secs_f64() * f64::from(CONTACTS) / f64::from(ONE_BY_ONE);
    println!("{CONTACTS} contacts at this pace             {all:>7.1} s");
}

/// What came of an import.
struct Enriched {
    took: Duration,
    calls: usize,
    repeated: usize,
    refused: usize,
}

impl std::fmt::Display for Enriched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            took,
            calls,
            repeated,
            refused,
        } = self;
        let seconds = took.as_secs_f64();
        write!(
            f,
            "{seconds:>7.1} s, {calls} calls, {repeated} of them repeated, {refused} refused"
        )
    }
}

async fn enrich(contacts: u32, batched: bool) -> Enriched {
    let directory = Arc::<Directory>::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string();
    let routes = Router::new()
        .route("/find", post(find))
        .with_state(Arc::clone(&directory));
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, routes).await });
    let edit = |text: String| {
        let lines = text
            .lines()
            .filter(|line| batched || !line.trim_start().starts_with("batch:"));
        lines
            .map(|line| line.replace("PORT", &port) + "\n")
            .collect()
    };
    let pack = pack_with(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/contacts")),
        edit,
    );
    let folder = tempfile::tempdir().expect("a folder");
    let system = machine(&folder.path().join("data"), pack, false).await;
    let file = folder.path().join("contacts.csv");
    std::fs::write(&file, rows(contacts)).expect("a file");
    let start = Instant::now();
    let tally = import(&system, &file, ("crm", "contact")).await;
    assert_eq!(
        tally.of(Verdict::Created),
        u64::from(contacts),
        "a bench of something else"
    );
    system.until_quiet().await;
    let took = start.elapsed();
    let tenant = TenantName::new("demo").expect("a name");
    let kind = RecordType::new("contact").expect("a name");
    let records = records(system.store(), &tenant, &kind).expect("records");
    let known = records.iter().filter(|record| record.status == "known");
    assert_eq!(known.count(), contacts as usize, "each is known");
    server.shutdown().await;
    let seen = directory.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(seen.found, contacts as usize, "each is looked up once");
    Enriched {
        took,
        calls: seen.calls.len(),
        repeated: seen.calls.len() - seen.answers.len(),
        refused: seen.refused,
    }
}

fn rows(contacts: u32) -> String {
    let mut text = "Email,Name\n".to_owned();
    for contact in 0..contacts {
        writeln!(text, "c{contact}@example.com,Contact {contact}").expect("a text");
    }
    text
}

/// A directory that honours keys, and what it saw.
#[derive(Default)]
struct Directory(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    calls: Vec<Instant>,
    refused: usize,
    answers: BTreeMap<String, Value>,
    found: usize,
}

async fn find(
    State(directory): State<Arc<Directory>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let mut seen = directory.0.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let second = Duration::from_secs(1);
    let lately = seen.calls.iter().rev();
    let lately = lately.take_while(|at| now.duration_since(**at) < second);
    if lately.count() >= LIMIT {
        seen.refused += 1;
        return (StatusCode::TOO_MANY_REQUESTS, Json(Value::Null));
    }
    seen.calls.push(now);
    let key = headers
        .get("Idempotency-Key")
        .and_then(|key| key.to_str().ok());
    let key = key.expect("a key").to_owned();
    if let Some(answer) = seen.answers.get(&key) {
        return (StatusCode::OK, Json(answer.clone()));
    }
    let company = |contact: &Value| json!({ "company": format!("of {}", contact["email"]) });
    let (found, answer) = match &body {
        Value::Array(contacts) => (contacts.len(), contacts.iter().map(company).collect()),
        contact => (1, company(contact)),
    };
    seen.found += found;
    seen.answers.insert(key, answer.clone());
    (StatusCode::OK, Json(answer))
}
