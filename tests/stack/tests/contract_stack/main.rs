//! The contract suite against a stack's services: DynamoDB, SQS and the tables' streams. Every
//! sentence has tables and queues of its own, made for it and deleted after it, so that what is
//! deployed is not disturbed.
//!
//! Queues keep real time here, of a few seconds; timers have a virtual clock, as the schedule
//! that fires them does nothing but ask it. The change feed is read from the stream of the
//! sentence's own table, through the glue that Lambda's records go through; Lambda's own filter
//! on `record` items is done here.

mod feed;
mod made;
mod queues;

use std::time::Duration;

use holdfast_aws::Sdk;
use holdfast_aws::dynamo::{DynamoJournal, DynamoTimers};
use holdfast_aws::sqs::SqsQueue;
use holdfast_embedded::clock::{SystemClock, VirtualClock};
use holdfast_engine::port::{Clock, Journal, Timers};
use holdfast_tests::contract::subject::{Consumer, Subject};
use jiff::Unit;

use made::{Made, Parts};
use queues::Queues;

/// What takes longer than this is left to the virtual clock.
const REAL: Duration = Duration::from_secs(10);

/// A moment past each wait: the emulator's clock is another process's.
const MARGIN: Duration = Duration::from_millis(150);

/// Sentences that no stack shows, each with its reason.
const NOT_SHOWN: [(&str, &str); 1] = [(
    "tenants_take_turns",
    "SQS is fair by what is in flight over time, which a look at one moment does not show; \
     that every message has its tenant as group is a unit test of `shared/aws`",
)];

struct Services {
    journal: DynamoJournal,
    queues: Queues,
    timers: DynamoTimers<VirtualClock>,
    clock: VirtualClock,
    _made: Made,
}

async fn services(parts: Parts) -> Services {
    let sdk = Sdk::of_person().await.unwrap();
    let made = Made::new(&sdk, parts).await;
    let now = SystemClock.now().round(Unit::Millisecond).unwrap();
    let clock = VirtualClock::new(now);
    let queue = SqsQueue::new(sdk.sqs.clone(), made.config.clone());
    let timers = DynamoTimers::new(
        sdk.dynamo.clone(),
        &made.config.tables.timers,
        queue.clone(),
        clock.clone(),
    );
    let services = Services {
        journal: DynamoJournal::new(sdk.dynamo.clone(), made.config.tables.clone()),
        queues: Queues::new(&sdk, queue, &made, clock.clone()).await,
        timers,
        clock,
        _made: made,
    };
    if parts == Parts::All {
        // The schedule has been there, so that there is something that it goes on from.
        services.fire().await;
    }
    services
}

async fn tables() -> Services {
    services(Parts::Tables).await
}

async fn all() -> Services {
    services(Parts::All).await
}

impl Services {
    async fn fire(&self) {
        self.timers.fire_due(self.clock.now()).await.unwrap();
    }
}

impl Subject for Services {
    fn visibility(&self) -> Duration {
        made::VISIBILITY
    }

    fn delay(&self) -> Duration {
        Duration::from_secs(3)
    }

    fn retries(&self) -> [Duration; 2] {
        [1, 4].map(Duration::from_secs)
    }

    fn moment(&self, of: Duration) -> Duration {
        // Looking through the minutes of a long wait takes real time.
        Duration::from_secs(if of > REAL { 8 } else { 1 })
    }

    fn journal(&self) -> &(impl Journal + 'static) {
        &self.journal
    }

    fn queue(&self) -> &(impl Consumer + 'static) {
        &self.queues
    }

    fn timers(&self) -> &(impl Timers + 'static) {
        &self.timers
    }

    fn clock(&self) -> &(impl Clock + 'static) {
        &self.clock
    }

    async fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
        if duration <= REAL {
            tokio::time::sleep(duration + MARGIN).await;
        } else {
            self.fire().await;
        }
    }
}

#[test]
fn what_is_not_shown_is_told() {
    for (sentence, reason) in NOT_SHOWN {
        println!("not shown: {sentence}: {reason}");
    }
}

mod state {
    holdfast_tests::journal_contract!(super::tables);
}

/// Looks at moments, which only a stack on this machine shows: SQS itself answers a look with
/// nothing now and then although there is something.
mod delivery {
    holdfast_tests::delivery_contract!(super::all);
}
