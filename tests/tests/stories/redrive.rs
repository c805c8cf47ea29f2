//! Thousands of dead letters, sent again: at the rate that was asked for, and each once, also by a
//! command that is killed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::definitions::LoadedPack;
use holdfast_embedded::registry::catalog;
use holdfast_embedded::sandbox::Reply;
use holdfast_engine::definition;
use holdfast_tests::bench;
use holdfast_tests::random::Random;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::redriving::terms;
use crate::shop::{Shop, minutes};

/// How many dead letters; `HOLDFAST_REDRIVES` says another number.
const USUALLY: usize = 2_000;

/// Failures of one workflow within a window: too few for its breaker to open.
const EACH: usize = 16;

/// Workflows, each with a breaker of its own.
const WORKFLOWS: usize = 125;

#[expect(clippy::disallowed_methods, reason = "how long the test is, is asked")]
fn dead_letters() -> usize {
    let asked = std::env::var("HOLDFAST_REDRIVES");
    asked.map_or(USUALLY, |count| count.parse().unwrap())
}

/// The pack of the stories, in which many workflows look up what is known of a customer.
fn pack() -> LoadedPack {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/stories"));
    let mut files = bench::pack(folder).files;
    let text = files["enrich.workflow.yaml"].clone();
    for number in 0..WORKFLOWS {
        let text = text
            .replace("workflow: enrich", &format!("workflow: enrich{number}"))
            .replace("shop.asked", &format!("shop.asked{number}"))
            .replace("severity: P3", "severity: P2");
        files.insert(format!("enrich{number}.workflow.yaml"), text);
    }
    let (pack, _) = definition::load(&files, &catalog::<VirtualClock>()).unwrap();
    let pack = Arc::new(pack);
    LoadedPack { pack, files }
}

/// A shop in which so many executions failed for good: the CRM refused each once.
async fn failed(count: usize) -> Shop {
    let shop = Shop::open_with(pack(), Vec::new()).await;
    let refusal = Reply::Respond {
        status: 422,
        headers: Vec::new(),
        body: Json::Null,
    };
    let refusals = std::iter::repeat_n(refusal, count);
    let crm = "crm".parse().unwrap();
    shop.system().sandbox().answer_next(&crm, refusals);
    for number in 0..count {
        shop.order(&format!("asked{}", number % WORKFLOWS), number)
            .await;
        if (number + 1) % (EACH * WORKFLOWS) == 0 {
            shop.pass(minutes(6), minutes(2)).await;
        }
    }
    shop.settle().await;
    assert_eq!(shop.open_steps().len(), count, "each has an error record");
    assert_eq!(shop.dead_letters(), count, "each is a dead letter");
    assert_eq!(shop.reached("crm").len(), 0);
    shop
}

/// Each effect once, nothing left, and nothing that a redrive would send.
async fn check(shop: &Shop, count: usize) {
    let reached = shop.reached("crm");
    let keys: BTreeSet<_> = reached.iter().map(|one| &one.idempotency_key).collect();
    assert_eq!((reached.len(), keys.len()), (count, count));
    assert!(reached.iter().all(|delivery| delivery.repeats == 0));
    let open = shop.open_operations();
    assert!(open.is_empty(), "{} open: {:?}", open.len(), open.first());
    assert_eq!(shop.dead_letters(), 0);
    let again = shop.redrive("50/s").await;
    assert_eq!((again.matched, again.redriven), (0, 0));
}

/// When each was sent again, oldest first.
fn sent_at(shop: &Shop) -> Vec<Timestamp> {
    let operations = shop.operations().into_iter();
    let marks = operations.filter_map(|one| one.handling().redriven.clone());
    let mut times: Vec<_> = marks.map(|mark| mark.at).collect();
    times.sort_unstable();
    times
}

/// The most that were sent within a second.
fn most_in_a_second(times: &[Timestamp]) -> usize {
    let within =
        |begin: Timestamp| times.partition_point(|at| at.duration_since(begin).as_secs() < 1);
    let each = times.iter().enumerate();
    each.map(|(before, at)| within(*at) - before)
        .max()
        .unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redrive_of_thousands_keeps_the_rate_and_repeats_nothing() {
    let (count, real) = (dead_letters(), Instant::now());
    let shop = failed(count).await;
    let (begin, failing) = (shop.now(), real.elapsed());
    let summary = shop.redrive("50/s").await;
    let taken = shop.now().duration_since(begin).as_secs_f64();
    assert_eq!((summary.matched, summary.redriven), (count, count));
    assert!(summary.refused.is_empty(), "{:?}", summary.refused);
    let batch = terms("50/s").rate.batch();
    let (expected, one_batch) = (count as f64 / 50.0, batch as f64 / 50.0);
    assert!(
        (expected - one_batch..=expected + one_batch).contains(&taken),
        "{taken} s"
    );
    let times = sent_at(&shop);
    assert_eq!(times.len(), count);
    let most = most_in_a_second(&times);
    assert!(most <= 50 + batch, "{most} in a second");
    println!(
        "{count} dead letters redriven in {taken:.1} s of virtual time at 50/s, at most {most} in \
         a second; in real time they failed in {failing:.0?} and all took {:.0?}",
        real.elapsed()
    );
    check(&shop, count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redrive_that_is_dropped_within_a_batch_is_repeated_and_repeats_nothing() {
    const COUNT: usize = 400;
    let (shop, mut random, mut kills) = (failed(COUNT).await, Random::new(17), 0);
    loop {
        let (batch, polls) = (1 + random.below(6), random.below(6));
        match shop.redrive_killed("50/s", batch, polls).await {
            Err(_killed) => kills += 1,
            Ok(summary) => break assert!(summary.refused.is_empty()),
        }
        let pause = Duration::from_secs(1 + random.below(20) as u64);
        shop.pass(pause, Duration::from_secs(1)).await;
        assert!(kills < COUNT, "it goes on after each kill");
    }
    shop.pass(minutes(10), minutes(1)).await;
    println!("{COUNT} dead letters redriven by a command that was dropped {kills} times");
    assert!(kills > 2, "killed {kills} times only");
    check(&shop, COUNT).await;
}
