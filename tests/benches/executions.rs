//! webhook → 3 durable steps on one machine, every write synced: executions per second, the
//! latency of the acknowledgement and of the whole, memory, bytes and syncs per execution.
//!
//! Load and system share the machine's cores, and the load comes over loopback HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::door;
use holdfast_embedded::system::System;
use holdfast_engine::port::{Clock, Journal, Key, Table};
use holdfast_tests::bench::{self, Client, machine, pack, signed_request};
use tokio::task::JoinSet;

const THROUGHPUT: usize = 20_000;
const CLIENTS: usize = 64;
const ACKNOWLEDGEMENTS: usize = 2_000;
const PACED: usize = 1_000;
const PACE: Duration = Duration::from_millis(10);

fn main() {
    bench::run(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let pack = pack(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/packs/bench"
    )));
    let system = machine(folder.path(), pack, true).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = door::routes(Arc::clone(&system), false);
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, routes).await });

    println!("memory idle            {:>9.1} MB", resident_mb());
    acknowledgements(address, &system).await;
    end_to_end(address, &system).await;
    throughput(address, &system).await;
    println!("memory loaded          {:>9.1} MB", resident_mb());
    server.abort_all();
}

/// One client, one request after the other.
async fn acknowledgements(address: std::net::SocketAddr, system: &System<SystemClock>) {
    let mut client = Client::connect(address).await.expect("a connection");
    let mut times = Vec::new();
    for number in 0..ACKNOWLEDGEMENTS {
        let request = signed_request(&format!("a{number}"), SystemClock.now());
        let start = Instant::now();
        assert_eq!(client.exchange(&request).await.expect("an answer"), 202);
        times.push(start.elapsed());
        system.until_quiet().await;
    }
    print_quantiles("acknowledgement", &mut times);
}

/// 100 webhooks a second; the end is when the last step's entry is in the journal.
async fn end_to_end(address: std::net::SocketAddr, system: &System<SystemClock>) {
    let mut client = Client::connect(address).await.expect("a connection");
    let mut times = Vec::new();
    for number in 0..PACED {
        let request = signed_request(&format!("e{number}"), SystemClock.now());
        let start = Instant::now();
        assert_eq!(client.exchange(&request).await.expect("an answer"), 202);
        system.until_quiet().await;
        times.push(start.elapsed());
        tokio::time::sleep(PACE.saturating_sub(start.elapsed())).await;
    }
    print_quantiles("end to end at 100/s", &mut times);
}

/// Many clients at once, until every execution has ended.
async fn throughput(address: std::net::SocketAddr, system: &System<SystemClock>) {
    let (written, commits, cpu) = (written_bytes(), system.store().commits(), cpu_seconds());
    let now = SystemClock.now();
    let requests: Vec<Vec<Vec<u8>>> = (0..CLIENTS)
        .map(|client| {
            let share = THROUGHPUT / CLIENTS;
            (0..share)
                .map(|number| signed_request(&format!("t{client}-{number}"), now))
                .collect()
        })
        .collect();
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for requests in requests {
        clients.spawn(async move {
            let mut client = Client::connect(address).await.expect("a connection");
            for request in requests {
                assert_eq!(client.exchange(&request).await.expect("an answer"), 202);
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.expect("a client");
    }
    let accepted = start.elapsed();
    system.until_quiet().await;
    let elapsed = start.elapsed();
    let count = (THROUGHPUT / CLIENTS * CLIENTS) as f64;
    println!(
        "webhooks accepted      {:>9.0} /s",
        count / accepted.as_secs_f64()
    );
    println!(
        "executions             {:>9.0} /s",
        count / elapsed.as_secs_f64()
    );
    let each = |total: f64| total / count;
    println!(
        "written per execution  {:>9.0} bytes",
        each((written_bytes() - written) as f64)
    );
    println!(
        "syncs per execution    {:>9.3}",
        each((system.store().commits() - commits) as f64)
    );
    println!(
        "CPU per execution      {:>9.0} µs, load included",
        each((cpu_seconds() - cpu) * 1e6)
    );
    check_ended(system).await;
}

/// A bench of something else is a defect: every execution must have its three entries.
async fn check_ended(system: &System<SystemClock>) {
    use holdfast_engine::port::Ports;
    let key = Key {
        table: Table::Journal,
        partition: "demo#event#form:t0-0".into(),
        sort: "event".into(),
    };
    let found = system
        .ports()
        .journal()
        .read(&[key])
        .await
        .expect("an event's entry");
    let entry = found
        .into_iter()
        .flatten()
        .next()
        .expect("the event was routed");
    let entry: holdfast_engine::route::EventEntry =
        serde_json::from_str(&entry.body).expect("an entry");
    let home = holdfast_engine::key::home(&entry.home);
    let page = system
        .ports()
        .journal()
        .query(Table::Journal, &home, "exe#", None, 10)
        .await
        .expect("entries");
    assert_eq!(page.rows.len(), 3, "three durable steps");
    assert!(
        page.rows
            .iter()
            .all(|row| row.item.body.contains("succeeded"))
    );
}

fn print_quantiles(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at =
        |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "{what:<22} {:>9.2} ms p50 {:>9.2} ms p99",
        at(0.5),
        at(0.99)
    );
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb: f64 = line
        .and_then(|line| line.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0.0);
    kb / 1024.0
}

/// Processor time of this process, in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    io.lines()
        .find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok())
        .unwrap_or(0)
}
