//! 2,400 silent failures: the mail provider goes down, and nobody notices for three days. Here
//! somebody does.

use std::time::Duration;

use holdfast_embedded::inject::{Fault, Kind};

use crate::shop::{Shop, after, minutes};

const ORDERS: usize = 2_400;

/// Orders in a minute: 2,400 in an hour.
const PER_MINUTE: usize = 40;

/// When the provider goes down, and when it is back.
const DOWN: u64 = 10;
const BACK: u64 = 50;

/// It answers that it is too busy: what has no other way waits, and nothing fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_noticed_at_once_and_loses_nothing() {
    assert_eq!(outage(Kind::TooManyRequests).await, 0, "all of it waited");
}

/// It refuses our key: what has no other way fails for good, until the breaker of its workflow
/// holds back the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_everything_is_noticed_at_once_and_loses_nothing() {
    let failed = outage(Kind::Unauthorized).await;
    assert!(failed >= 20, "{failed} failed for good");
}

/// Tells the story, and says how many orders waited for a person before the redrive.
async fn outage(kind: Kind) -> usize {
    let outage = Fault::new("mail".parse().unwrap(), kind)
        .between(after(minutes(DOWN)), after(minutes(BACK)));
    let shop = Shop::open(vec![outage]).await;
    for number in 0..ORDERS {
        let kind = if number % 2 == 0 {
            "placed"
        } else {
            "forgotten"
        };
        shop.order(kind, number).await;
        if (number + 1) % PER_MINUTE == 0 {
            shop.pass(minutes(1), Duration::from_secs(30)).await;
        }
    }
    shop.pass(minutes(60), minutes(1)).await;
    let alerts = shop.reached("oncall");
    let first = alerts.first().unwrap().at;
    let seconds = first.duration_since(after(minutes(DOWN))).as_secs();
    println!(
        "{kind:?}: first alert after {seconds} s, {} alerts in all",
        alerts.len()
    );
    assert!((0..=60).contains(&seconds), "{seconds} s");
    assert!(alerts.len() < 10, "{} alerts", alerts.len());

    let before = shop.texts(&["mail", "backup"]);
    let waiting = shop.open_steps().len();
    println!("{} delivered, {waiting} wait for a person", before.len());
    assert_eq!(
        before.len() + waiting,
        ORDERS,
        "delivered, or an item: nothing is lost"
    );

    let redriven = shop.redrive("50/s").await.redriven;
    assert_eq!(redriven, waiting, "one redrive sends all of them");
    shop.pass(minutes(30), minutes(1)).await;
    let delivered = shop.texts(&["mail", "backup"]);
    assert_eq!(delivered.len(), ORDERS, "none is missing");
    assert!(
        delivered.values().all(|times| *times == 1),
        "none is double"
    );
    let open = shop.open_steps();
    assert!(open.is_empty(), "{open:#?}");
    waiting
}
