//! The contract suite against SQLite, on virtual time.
#![expect(
    clippy::unused_async,
    clippy::unwrap_used,
    reason = "a subject may take time to start, and one that cannot fails the test"
)]

use std::time::Duration;

use holdfast_embedded::clock::VirtualClock;
use holdfast_embedded::store::{QueueSettings, SqliteJournal, SqliteQueue, SqliteTimers, Store};
use holdfast_engine::port::{
    Clock, DeadLetters as _, Delivery, Journal, Outgoing, PortError, Queue, QueueName, Redrive,
    Timers, Verdict,
};
use holdfast_tests::contract::subject::{Consumer, Subject, VISIBILITY, orders};
use tempfile::TempDir;

struct Sqlite {
    journal: SqliteJournal<VirtualClock>,
    queue: Queues,
    timers: SqliteTimers<VirtualClock>,
    clock: VirtualClock,
    _folder: TempDir,
}

struct Queues(SqliteQueue<VirtualClock>);

async fn subject() -> Sqlite {
    let folder = tempfile::tempdir().unwrap();
    let clock = VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap());
    let store = Store::open(folder.path()).unwrap();
    let queue = SqliteQueue::new(store.clone(), clock.clone());
    let settings = QueueSettings {
        visibility: VISIBILITY,
        ..QueueSettings::default()
    };
    queue.configure(&orders(), settings);
    Sqlite {
        journal: SqliteJournal::new(store.clone(), clock.clone()),
        queue: Queues(queue),
        timers: SqliteTimers::new(store, clock.clone()),
        clock,
        _folder: folder,
    }
}

impl Subject for Sqlite {
    fn journal(&self) -> &(impl Journal + 'static) {
        &self.journal
    }

    fn queue(&self) -> &(impl Consumer + 'static) {
        &self.queue
    }

    fn timers(&self) -> &(impl Timers + 'static) {
        &self.timers
    }

    fn clock(&self) -> &(impl Clock + 'static) {
        &self.clock
    }

    async fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
        self.timers.fire_due(self.clock.now()).await.unwrap();
    }
}

impl Queue for Queues {
    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        self.0.send(messages).await
    }
}

impl Consumer for Queues {
    async fn receive(&self, queue: &QueueName, max: usize) -> Vec<Delivery> {
        self.0.try_receive(queue, max).unwrap()
    }

    async fn settle(&self, delivery: &Delivery, verdict: Verdict) {
        self.0.settle(delivery, verdict);
        // Verdicts are written after what was handed over before them: so is this.
        self.0.flush().await.unwrap();
    }

    async fn dead_letters(&self, queue: &QueueName) -> Vec<String> {
        self.0.flush().await.unwrap();
        let letters = self.0.list(queue, None, 100).await.unwrap();
        letters.into_iter().map(|letter| letter.body).collect()
    }

    async fn redrive(&self, queue: &QueueName) -> usize {
        self.0.redrive(queue, Redrive::All).await.unwrap()
    }
}

holdfast_tests::journal_contract!(subject);
holdfast_tests::queue_contract!(subject);
