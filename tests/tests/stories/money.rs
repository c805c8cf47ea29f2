//! Effects that must never happen twice: a credit whose answer times out, a text message whose
//! answer is lost.

use std::time::Duration;

use holdfast_embedded::inject::{Fault, Kind};
use holdfast_engine::operation::ReviewKind;

use crate::shop::{Shop, after, minutes};

fn fault(connection: &str, kind: Kind) -> Fault {
    Fault::new(connection.parse().unwrap(), kind)
}

/// $50,000, credited once although its first answers were lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_that_is_retried_after_a_timeout_is_credited_once() {
    let outage =
        fault("ledger", Kind::DropAnswer).between(after(Duration::ZERO), after(minutes(1)));
    let shop = Shop::open(vec![outage]).await;
    shop.order("won", 1).await;
    shop.pass(minutes(15), Duration::from_secs(10)).await;
    let credits = shop.reached("ledger");
    assert_eq!(credits.len(), 1, "{credits:?}");
    assert!(credits[0].repeats > 0, "it was asked again under its key");
    assert!(shop.open_operations().is_empty());
}

/// Where the ledger honours no key, nobody asks it again: a person does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_that_may_not_be_repeated_is_left_to_a_person() {
    let shop = Shop::open(vec![fault("old-ledger", Kind::DropAnswer)]).await;
    shop.order("won-before", 1).await;
    shop.pass(minutes(60), minutes(1)).await;
    assert_eq!(shop.reached("old-ledger").len(), 1);
    let reviews = shop.reviews();
    assert_eq!(reviews.len(), 1, "{reviews:?}");
    assert_eq!(reviews[0].kind, ReviewKind::UnknownOutcome);
    assert!(
        reviews[0].title.contains("old-credit"),
        "{}",
        reviews[0].title
    );
}

/// The provider takes every message and every answer is lost: never a second one, always an item
/// that says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_message_whose_answer_is_lost_is_never_sent_twice() {
    const MESSAGES: usize = 40;
    let shop = Shop::open(vec![fault("sms", Kind::DropAnswer)]).await;
    for number in 0..MESSAGES {
        shop.order("shipped", number).await;
    }
    shop.pass(minutes(180), minutes(1)).await;
    let texts = shop.texts(&["sms"]);
    assert!(texts.values().all(|times| *times == 1), "{texts:?}");
    let unknown = shop.reviews();
    let unknown = unknown
        .iter()
        .filter(|item| item.kind == ReviewKind::UnknownOutcome);
    assert_eq!(unknown.count(), texts.len());
    println!(
        "{} of {MESSAGES} messages were taken, each once; each has an item; the rest is parked",
        texts.len()
    );
}
