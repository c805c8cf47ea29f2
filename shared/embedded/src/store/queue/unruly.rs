//! A queue at its worst, for tests: what a standard queue may do to messages, from a seed.

use std::time::Duration;

use holdfast_engine::port::{Delivery, Outgoing, QueueName, Verdict};

use crate::inject::{Rate, draw};

/// Receives after which no message is delivered twice on purpose: a duplicate spends a receive,
/// and a message must not die of it.
const FIRST: u32 = 1;

/// How often, and how, a queue is unruly. What it does to a message depends on the seed, the queue
/// and the message's body, so that messages under way at once do not change each other's luck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unruly {
    /// The seed.
    pub seed: u64,
    /// Messages that come later than they should.
    pub delayed: Rate,
    /// Messages that are received a second time while they are being handled.
    pub doubled: Rate,
    /// Messages that are received a second time after they were acknowledged.
    pub resurrected: Rate,
    /// Whether visible messages are received in any order but that of their sending.
    pub reorders: bool,
    /// The longest delay, and the longest time until a message comes back.
    pub longest: Duration,
}

impl Unruly {
    /// Everything at once: each with a quarter of the messages, within ten seconds.
    #[must_use]
    pub fn all(seed: u64) -> Self {
        let rate = Rate::percent(25);
        Self {
            seed,
            delayed: rate,
            doubled: rate,
            resurrected: rate,
            reorders: true,
            longest: Duration::from_secs(10),
        }
    }

    /// How much later than it should a message comes.
    pub(crate) fn delay(&self, message: &Outgoing) -> Duration {
        let (queue, body) = (&message.queue, message.body.as_str());
        if self.strikes(self.delayed, "delayed", queue, body) {
            self.pause("delay", queue, body)
        } else {
            Duration::ZERO
        }
    }

    /// Whether a message that is received now is received again meanwhile.
    pub(crate) fn doubles(&self, delivery: &Delivery) -> bool {
        delivery.receive_count == FIRST
            && self.strikes(self.doubled, "doubled", &delivery.queue, &delivery.body)
    }

    /// What becomes of a verdict: an acknowledged message may come back.
    pub(crate) fn verdict(&self, delivery: &Delivery, verdict: Verdict) -> Verdict {
        let (queue, body) = (&delivery.queue, delivery.body.as_str());
        let comes_back = verdict == Verdict::Acknowledge
            && delivery.receive_count == FIRST
            && self.strikes(self.resurrected, "resurrected", queue, body);
        if comes_back {
            Verdict::RetryAfter(self.pause("return", queue, body))
        } else {
            verdict
        }
    }

    /// The order in which a queue's messages are received; `None`: that of their sending.
    pub(crate) fn disorder(&self, queue: &QueueName) -> Option<Disorder> {
        let start = draw(self.seed, &["disorder", queue.as_str()]);
        self.reorders.then_some(Disorder { start, taken: 0 })
    }

    fn strikes(&self, rate: Rate, what: &str, queue: &QueueName, body: &str) -> bool {
        rate.holds(draw(self.seed, &[what, queue.as_str(), body]))
    }

    fn pause(&self, what: &str, queue: &QueueName, body: &str) -> Duration {
        let longest = u64::try_from(self.longest.as_millis()).unwrap_or(u64::MAX);
        let drawn = draw(self.seed, &[what, queue.as_str(), body]);
        Duration::from_millis(drawn % longest.saturating_add(1))
    }
}

/// A repeatable disorder.
#[derive(Debug)]
pub(crate) struct Disorder {
    start: u64,
    taken: u64,
}

impl Disorder {
    /// Which of the waiting messages is next, modulo their number.
    pub(crate) fn next(&mut self) -> u64 {
        self.taken += 1;
        draw(self.start, &[&self.taken.to_string()])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use holdfast_engine::name::TenantName;
    use holdfast_engine::port::{Clock as _, Queue as _};
    use jiff::Timestamp;

    use super::*;
    use crate::clock::VirtualClock;
    use crate::store::{Options, SqliteQueue, Store};

    const SENT: usize = 200;

    fn name() -> QueueName {
        QueueName::of("send-sms")
    }

    /// The bodies in the order of their receives, each acknowledged at once, until none is left.
    async fn received(unruly: Option<Unruly>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            unruly,
            ..Options::default()
        };
        let store = Store::open_with(folder.path(), options).unwrap();
        let clock = VirtualClock::new(Timestamp::UNIX_EPOCH);
        let queue = SqliteQueue::new(store, clock.clone());
        let message = |number: usize| Outgoing {
            queue: name(),
            body: number.to_string(),
            delay: Duration::ZERO,
            tenant: TenantName::new("demo").unwrap(),
            created: clock.now(),
        };
        queue.send((0..SENT).map(message).collect()).await.unwrap();
        let mut bodies = Vec::new();
        for _ in 0..40 {
            let deliveries = queue.try_receive(&name(), 1_000).unwrap();
            for delivery in &deliveries {
                queue.settle(delivery, Verdict::Acknowledge);
            }
            bodies.extend(deliveries.into_iter().map(|delivery| delivery.body));
            clock.advance(Duration::from_secs(1));
        }
        assert!(queue.is_quiet(), "every message is settled in the end");
        bodies
    }

    fn only(change: impl Fn(&mut Unruly)) -> Unruly {
        let mut unruly = Unruly {
            delayed: Rate::percent(0),
            doubled: Rate::percent(0),
            resurrected: Rate::percent(0),
            reorders: false,
            ..Unruly::all(7)
        };
        change(&mut unruly);
        unruly
    }

    fn counts(bodies: &[String]) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for body in bodies {
            *counts.entry(body.as_str()).or_default() += 1;
        }
        counts
    }

    #[tokio::test]
    async fn a_calm_queue_delivers_each_message_once_and_in_order() {
        let expected: Vec<_> = (0..SENT).map(|number| number.to_string()).collect();
        assert_eq!(received(None).await, expected);
        assert_eq!(received(Some(only(|_| ()))).await, expected);
    }

    #[tokio::test]
    async fn each_kind_of_unruliness_shows() {
        let quarter = Rate::percent(25);
        for twice in [
            only(|unruly| unruly.doubled = quarter),
            only(|unruly| unruly.resurrected = quarter),
        ] {
            let bodies = received(Some(twice)).await;
            let counts = counts(&bodies);
            let doubled = counts.values().filter(|count| **count == 2).count();
            assert_eq!(counts.len(), SENT);
            assert!(counts.values().all(|count| (1..=2).contains(count)));
            assert!((30..70).contains(&doubled), "{doubled}");
        }
        for late in [
            only(|unruly| unruly.delayed = quarter),
            only(|unruly| unruly.reorders = true),
        ] {
            let bodies = received(Some(late)).await;
            assert_eq!((bodies.len(), counts(&bodies).len()), (SENT, SENT));
            let numbers: Vec<usize> = bodies.iter().map(|body| body.parse().unwrap()).collect();
            assert!(!numbers.is_sorted());
        }
    }

    #[tokio::test]
    async fn a_seed_repeats_what_the_queue_did() {
        let run = async |seed| received(Some(Unruly::all(seed))).await;
        assert_eq!(run(1).await, run(1).await);
        assert_ne!(run(1).await, run(2).await);
    }
}
