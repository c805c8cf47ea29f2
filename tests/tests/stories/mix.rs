//! Transient faults, and how many of them need no human.

use std::time::Duration;

use holdfast_embedded::inject::{Fault, Kind, Rate};

use crate::shop::{Shop, minutes};

const CALLS: usize = 1_000;

/// A fifth of all calls run into a fault that lasts for one to six minutes: rate limits, server
/// errors, timeouts and broken connections, in equal parts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nine_of_ten_transient_faults_need_no_human() {
    let kinds = [
        Kind::TooManyRequests,
        Kind::Unavailable,
        Kind::Timeout,
        Kind::Reset,
    ];
    let fault = |kind| {
        Fault::new("crm".parse().unwrap(), kind)
            .at_rate(Rate::percent(6))
            .recovering(minutes(1), minutes(6))
    };
    let shop = Shop::open(kinds.map(fault).to_vec()).await;
    for number in 0..CALLS {
        shop.order("asked", number).await;
        if number % 10 == 9 {
            shop.pass(Duration::from_secs(20), Duration::from_secs(20))
                .await;
        }
    }
    shop.pass(minutes(90), Duration::from_secs(30)).await;
    let failed = shop.open_operations().len();
    let struck = shop.struck_executions().await;
    assert!(
        struck > CALLS / 10,
        "too few faults to say anything: {struck}"
    );
    let number = |count: usize| f64::from(u32::try_from(count).unwrap());
    let share = 100.0 * (1.0 - number(failed) / number(struck));
    println!(
        "{struck} of {CALLS} calls met a fault; {failed} need a human: {share:.1} % resolved without one"
    );
    assert!(share >= 90.0);
    let reached = shop.reached("crm").len();
    assert!(
        reached <= CALLS && reached + failed >= CALLS,
        "{reached} reached"
    );
}
