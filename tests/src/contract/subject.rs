//! What the sentences are said about: an adapter, or a whole mode, under test.

use std::future::Future;
use std::time::Duration;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{
    Clock, Delivery, Item, Journal, Key, MAX_DELAY, Outgoing, Queue, QueueName, Table, Timers,
    Verdict,
};

/// The consuming side of queues, which in production is the platform's.
pub trait Consumer: Queue {
    /// Receives up to `max` messages that are visible now.
    fn receive(&self, queue: &QueueName, max: usize) -> impl Future<Output = Vec<Delivery>> + Send;

    /// Ends a delivery.
    fn settle(&self, delivery: &Delivery, verdict: Verdict) -> impl Future<Output = ()> + Send;

    /// The bodies of a queue's dead letters, oldest first.
    fn dead_letters(&self, queue: &QueueName) -> impl Future<Output = Vec<String>> + Send;

    /// Sends all dead letters of a queue again; returns how many.
    fn redrive(&self, queue: &QueueName) -> impl Future<Output = usize> + Send;
}

/// A mode under test. Its queues deliver messages eight times.
pub trait Subject: Send + Sync {
    /// How long its queues hide a message that is worked on, from two seconds.
    fn visibility(&self) -> Duration {
        VISIBILITY
    }

    /// A delay of a message that is sent: the longest, unless that takes real time.
    fn delay(&self) -> Duration {
        MAX_DELAY
    }

    /// Delays before a message is received again, one shorter than the visibility and one longer.
    fn retries(&self) -> [Duration; 2] {
        [5, 120].map(Duration::from_secs)
    }

    /// The last moment of a wait: a look before it is sure to find nothing yet.
    fn moment(&self, _of: Duration) -> Duration {
        Duration::from_secs(1)
    }

    /// The journal.
    fn journal(&self) -> &(impl Journal + 'static);

    /// The queues.
    fn queue(&self) -> &(impl Consumer + 'static);

    /// The timers.
    fn timers(&self) -> &(impl Timers + 'static);

    /// The clock.
    fn clock(&self) -> &(impl Clock + 'static);

    /// Lets time pass, and what is due by then happen.
    fn pass(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// How long queues on virtual time hide a message that is worked on.
pub const VISIBILITY: Duration = Duration::from_secs(30);

/// A queue of a function that exists in every mode.
#[must_use]
pub fn orders() -> QueueName {
    QueueName::of("update-record")
}

/// A tenant that a sentence has for itself.
#[must_use]
pub fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

/// A message without delay.
#[must_use]
pub fn message(clock: &impl Clock, body: &str) -> Outgoing {
    Outgoing {
        queue: orders(),
        body: format!("{{\"is\":\"{body}\"}}"),
        delay: Duration::ZERO,
        tenant: tenant("contract"),
        created: clock.now(),
    }
}

/// Receives exactly one message.
pub async fn receive_one(subject: &impl Subject) -> Delivery {
    let mut received = subject.queue().receive(&orders(), 10).await;
    assert_eq!(received.len(), 1, "{received:?}");
    received.pop().unwrap()
}

/// Asserts that nothing is visible.
pub async fn receive_none(subject: &impl Subject) {
    let received = subject.queue().receive(&orders(), 10).await;
    assert_eq!(received, []);
}

/// A key in the journal table.
#[must_use]
pub fn key(partition: &str, sort: &str) -> Key {
    Key {
        table: Table::Journal,
        partition: format!("contract#{partition}"),
        sort: sort.to_owned(),
    }
}

/// Reads one item.
pub async fn read(journal: &impl Journal, key: &Key) -> Option<Item> {
    let mut items = journal.read(std::slice::from_ref(key)).await.unwrap();
    assert_eq!(items.len(), 1);
    items.pop().unwrap()
}
