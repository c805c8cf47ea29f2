//! What is in the queues, for people and for whoever waits until nothing is.

use std::time::Duration;

use holdfast_engine::port::{Clock, QueueName};
use jiff::Timestamp;

use super::SqliteQueue;
use super::lines::Lane;

/// How full a queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// The queue.
    pub queue: QueueName,
    /// Messages that can be received now.
    pub visible: usize,
    /// Messages that are worked on.
    pub in_flight: usize,
    /// Messages that are hidden until later: delayed or retrying.
    pub delayed: usize,
    /// How long ago the oldest message was sent.
    pub oldest: Option<Duration>,
    /// Messages that were received too often.
    pub dead_letters: u64,
}

impl<C: Clock> SqliteQueue<C> {
    /// How full each queue is, in the order of their names. A store opened for reading knows
    /// what its queues held when it was opened, and counts messages in flight as visible.
    #[must_use]
    pub fn depths(&self) -> Vec<Depth> {
        let now = self.clock.now();
        let queues = self.store.lines().all().into_iter();
        queues
            .map(|(queue, lane)| depth(queue, &lane, now))
            .collect()
    }

    /// Whether no queue holds a message, visible, delayed or in flight; dead letters do not count.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.all(|lane| lane.line().is_empty())
    }

    /// Whether no queue holds a message that is visible or in flight.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let now = self.clock.now();
        self.all(|lane| {
            let counts = lane.line().counts(now);
            counts.visible == 0 && counts.in_flight == 0
        })
    }

    /// When the next message that is hidden or in flight is visible.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let lanes = self.store.lines().all();
        let due = lanes.iter().filter_map(|(_, lane)| lane.line().next_due());
        due.min()
    }

    /// Whether something holds for every queue at once. A message may come into a queue that was
    /// already looked at, and the one that caused it leave a queue that was not: then look again.
    fn all(&self, holds: impl Fn(&Lane) -> bool) -> bool {
        let lines = self.store.lines();
        loop {
            let before = lines.arrivals();
            let held = lines.all().iter().all(|(_, lane)| holds(lane));
            if !held || lines.arrivals() == before {
                return held;
            }
        }
    }

    /// Waits until [`SqliteQueue::is_quiet`].
    pub async fn until_quiet(&self) {
        loop {
            let emptied = self.store.lines().emptied.notified();
            if self.is_quiet() {
                return;
            }
            emptied.await;
        }
    }
}

fn depth(queue: QueueName, lane: &Lane, now: Timestamp) -> Depth {
    let index = lane.line();
    let counts = index.counts(now);
    let age = |sent: Timestamp| now.duration_since(sent).try_into().unwrap_or_default();
    Depth {
        queue,
        visible: counts.visible,
        in_flight: counts.in_flight,
        delayed: counts.hidden,
        oldest: counts.oldest.map(age),
        dead_letters: index.dead,
    }
}
