//! Transient faults, and how many of them need no human.

use std::time::Duration;

use holdfast_embedded::inject::{Fault, Kind, Rate};

use crate::shop::{Shop, minutes};

const CALLS: usize = 1_000;

/// Every kind of fault that passes, in equal parts.
const KINDS: [Kind; 4] = [
    Kind::TooManyRequests,
    Kind::Unavailable,
    Kind::Timeout,
    Kind::Reset,
];

/// What a mix of faults came to.
struct Outcome {
    struck: usize,
    failed: usize,
    reached: usize,
    failing_calls: f64,
}

/// Makes the calls, 30 a minute, of which each meets each kind of fault at this rate; a fault
/// lasts for one to six minutes.
async fn calls_meet_faults(percent: u32, patience: Duration) -> Outcome {
    let fault = |kind| {
        Fault::new("crm".parse().unwrap(), kind)
            .at_rate(Rate::percent(percent))
            .recovering(minutes(1), minutes(6))
    };
    let shop = Shop::open(KINDS.map(fault).to_vec()).await;
    for number in 0..CALLS {
        shop.order("asked", number).await;
        if number % 10 == 9 {
            shop.pass_hanging(Duration::from_secs(20), Duration::from_secs(5))
                .await;
        }
    }
    shop.pass_hanging(patience, Duration::from_secs(20)).await;
    shop.settle().await;
    let deliveries = shop.reached("crm");
    let (lost, reached) = (shop.system().injector().struck(), deliveries.len());
    Outcome {
        struck: shop.struck_executions().await,
        failed: shop.open_steps().len(),
        reached,
        failing_calls: 100.0 * number(lost) / number(lost + reached as u64),
    }
}

fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nine_of_ten_transient_faults_need_no_human() {
    for (percent, patience) in [(3, minutes(90)), (6, minutes(24 * 60))] {
        let Outcome {
            struck,
            failed,
            reached,
            failing_calls,
        } = calls_meet_faults(percent, patience).await;
        let share = 100.0 * (1.0 - number(failed as u64) / number(struck as u64));
        println!(
            "{failing_calls:.0} % of calls failed; {struck} of {CALLS} steps met a fault, {failed} \
             need a human, {reached} arrived: {share:.1} % resolved without one"
        );
        assert!(struck > CALLS / 20, "too few faults to say anything");
        assert!(share >= 90.0);
        assert!(reached <= CALLS && reached + failed >= CALLS);
    }
}
