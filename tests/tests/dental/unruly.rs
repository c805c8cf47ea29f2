//! Queues that deliver late, twice and out of order: what comes of a booking is the same.

use std::time::Duration;

use holdfast_embedded::store::{Options, Unruly};

use crate::practice::{Practice, Sample, accepted};

/// Seeds of the gate; each takes about a tenth of a second.
const SEEDS: u64 = 12;

/// What came of one booking: the record's state and what was sent, without ids and times.
async fn booked(practice: &Practice, seed: u64) -> Vec<String> {
    let request = practice.signed(&Sample::read("booking"));
    let event = accepted(&practice.system().receive(&request).await);
    practice.system().receive(&request).await;
    // Copies that meet another's claim wait for its lease, of at most minutes.
    for _ in 0..80 {
        practice.pass_wait(Duration::from_secs(15)).await;
    }
    practice.quiet().await;
    let problems = (practice.reviews(), practice.errors());
    assert!(
        problems.0.is_empty() && problems.1.is_empty(),
        "seed {seed}: {problems:?}"
    );
    let record = practice.record(&event, "appointment").await;
    let executions = practice.executions(&event).await.len();
    let mut came = vec![format!("{} {executions}", record.status)];
    for connection in ["sms", "email", "insurance", "emr", "front-desk"] {
        let sent = practice.sent(connection);
        let payloads = sent.iter().map(|delivery| &delivery.payload["body"]);
        came.extend(payloads.map(|body| format!("{connection} {body}")));
    }
    came
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_doubled_and_disordered_messages_change_nothing_that_anybody_gets() {
    let calm = booked(&Practice::open().await, 0).await;
    assert_eq!(calm.len(), 4, "{calm:?}");
    for seed in 1..=SEEDS {
        let unruly = Options {
            unruly: Some(Unruly::all(seed)),
            ..Options::default()
        };
        let practice = Practice::open_with(unruly).await;
        assert_eq!(booked(&practice, seed).await, calm, "seed {seed}");
    }
}
