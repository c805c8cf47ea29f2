//! The error route in memory: the change feed, `handle-error`, `notify-oncall`, and the providers
//! behind it, on virtual time, with faults.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use holdfast_engine::definition::model::Severity;
use holdfast_engine::key;
use holdfast_engine::name::TenantName;
use holdfast_engine::operation::{ERROR, ErrorRecord, Handling, Operation};
use holdfast_engine::port::{
    Change, Clock as _, Expect, Journal as _, Key, Occasion, Ports as _, Table, Verdict, Write,
};
use holdfast_tests::bench;
use holdfast_tests::faulty::{Faults, Faulty};
use holdfast_tests::memory::{Memory, Received};
use holdfast_tests::random::Random;
use holdfast_tests::ready::ready;
use jiff::Timestamp;

pub use crate::outside::{Answer, Outside, Post};

/// How long a delivery stays hidden.
const VISIBILITY: Duration = Duration::from_mins(1);

/// What may go wrong beside the faults of ports.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unruly {
    /// Percent of messages that come once more.
    pub doubled: usize,
    /// Whether two deliveries are handled at once.
    pub interleaved: bool,
}

/// The error route.
pub struct Route {
    pub memory: Arc<Memory>,
    pub ports: Faulty<Memory>,
    pub faults: Arc<Faults>,
    pub outside: Outside,
    random: Random,
    unruly: Unruly,
    start: Timestamp,
}

pub type Handling_<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

impl Route {
    pub fn new(seed: u64, unruly: Unruly) -> Self {
        let pack = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/oncall"));
        let memory = Memory::new(seed, [bench::pack(pack).pack]).feeding();
        let (memory, faults) = (Arc::new(memory), Arc::new(Faults::default()));
        faults.interleave(unruly.interleaved);
        Self {
            ports: Faulty::new(Arc::clone(&memory), &faults),
            outside: Outside::new(&memory, &faults),
            start: memory.clock().now(),
            memory,
            faults,
            random: Random::new(seed),
            unruly,
        }
    }

    /// An error record of the function `code` that needs someone from now on.
    pub fn record(&self, id: &str, code: &str, severity: Severity) -> ErrorRecord {
        let now = self.memory.clock().now();
        ErrorRecord {
            id: id.to_owned(),
            code: code.to_owned(),
            message: "ann@example.com was refused".to_owned(),
            severity,
            handling: Handling::opened(now, severity),
            function: "send-email".to_owned(),
            execution: None,
            step: None,
            version: Some("oncall@1".to_owned()),
            tenant: Some(tenant()),
            attempt: 1,
            first_at: now,
            last_at: now,
            count: 1,
            message_id: None,
            created: None,
            envelope: String::new(),
        }
    }

    pub fn fail(&self, id: &str, code: &str, severity: Severity) {
        self.put(&Operation::Error(self.record(id, code, severity)));
    }

    /// Writes an operation, whatever was there.
    pub fn put(&self, operation: &Operation) {
        let key = operation.key();
        let write = Write {
            expect: Expect::unchanged(self.memory.journal().item(&key).as_ref()),
            change: Change::Put(operation.encode().unwrap()),
            key,
        };
        ready(self.memory.journal().commit(vec![write])).unwrap();
    }

    pub fn operation(&self, id: &str) -> Operation {
        let key = Self::key(id);
        let item = self.memory.journal().item(&key).unwrap();
        Operation::decode(&key.partition, &item.body).unwrap()
    }

    pub fn key(id: &str) -> Key {
        key::operation(&tenant(), ERROR, id)
    }

    /// Settles an operation.
    pub fn close(&self, id: &str) {
        let mut operation = self.operation(id);
        let now = self.memory.clock().now();
        *operation.handling_mut() = operation.handling().clone().closed(now);
        self.put(&operation);
    }

    pub fn answers(&self, connection: &str, answer: Option<Answer>) {
        self.outside.answers(connection, answer);
    }

    /// Handles what is visible until nothing is.
    pub fn settle(&mut self) {
        loop {
            self.memory.timers().fire();
            let mut received = Vec::new();
            for _ in 0..=usize::from(self.unruly.interleaved) {
                let pick = self.random.below(1_000);
                received.extend(self.memory.queue().receive(pick, VISIBILITY));
            }
            if received.is_empty() {
                return;
            }
            self.handle(&received);
        }
    }

    fn handle(&mut self, received: &[Received]) {
        let mut under_way: Vec<_> = received
            .iter()
            .map(|one| (one, Some(self.handler(one))))
            .collect();
        let mut verdicts = Vec::new();
        while under_way.iter().any(|(_, handling)| handling.is_some()) {
            for (one, handling) in &mut under_way {
                let Some(future) = handling else { continue };
                let mut context = Context::from_waker(Waker::noop());
                if let Poll::Ready(verdict) = future.as_mut().poll(&mut context) {
                    verdicts.push((*one, verdict));
                    *handling = None;
                }
            }
            if self.faults.died() {
                break;
            }
        }
        drop(under_way);
        for (one, verdict) in verdicts {
            self.memory.queue().settle(&one.receipt, verdict);
            let again = self.random.percent(self.unruly.doubled);
            if again && verdict == Verdict::Acknowledge && one.delivery.receive_count < 3 {
                self.memory.queue().resurrect(one);
            }
        }
    }

    /// What a function makes of a message.
    pub fn handler<'a>(&'a self, received: &'a Received) -> Handling_<'a> {
        let delivery = &received.delivery;
        match delivery.queue.as_str() {
            "handle-error" => Box::pin(holdfast_handle_error::handle(&self.ports, delivery)),
            "notify-oncall" => Box::pin(holdfast_notify_oncall::handle(
                &self.ports,
                &self.outside,
                delivery,
            )),
            other => panic!("nobody handles {other}"),
        }
    }

    /// Lets time pass; what becomes due is done at its time.
    pub fn pass(&mut self, time: Duration) {
        let end = self.memory.clock().now() + time;
        loop {
            self.settle();
            let next = [
                self.memory.queue().next_visible(),
                self.memory.timers().next_due(),
            ];
            let next = next.into_iter().flatten().min();
            match next.filter(|next| *next <= end) {
                Some(next) => self.memory.clock().advance_to(next),
                None => break,
            }
        }
        self.memory.clock().advance_to(end);
        self.settle();
    }

    /// What people got, oldest first.
    pub fn posts(&self) -> Vec<Post> {
        self.outside.posts()
    }

    /// What was said, each once: when in minutes since the start, why, how many, and the tier.
    pub fn said(&self) -> Vec<(i64, Occasion, u64, u32)> {
        let mut seen = BTreeSet::new();
        let published = self.memory.alerts().published().into_iter();
        let once = published.filter(|alert| seen.insert(alert.id.clone()));
        let minutes = |at: Timestamp| at.duration_since(self.start).as_mins();
        once.map(|alert| {
            (
                minutes(alert.last_at),
                alert.occasion,
                alert.count,
                alert.tier,
            )
        })
        .collect()
    }

    /// The incidents under way.
    pub fn incidents(&self) -> usize {
        self.memory
            .journal()
            .items(Table::Claims, "demo#alert#")
            .len()
    }
}

pub fn tenant() -> TenantName {
    TenantName::new("demo").unwrap()
}

pub fn minutes(number: u64) -> Duration {
    Duration::from_secs(60 * number)
}
