//! Properties of a queue over any sequence of receives, verdicts and waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use holdfast_engine::port::Verdict;
use jiff::Timestamp;
use proptest::prelude::*;

use super::MAX_RECEIVE_COUNT;
use super::line::{Entry, Line};
use super::message::Message;
use crate::clock::later;

#[derive(Debug, Clone)]
enum Act {
    Send { tenant: u8, delay: u64 },
    Take(usize),
    Settle { which: usize, verdict: Verdict },
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let verdict = prop_oneof![
        Just(Verdict::Acknowledge),
        Just(Verdict::Fail),
        (0..90_u64).prop_map(|seconds| Verdict::RetryAfter(Duration::from_secs(seconds))),
    ];
    prop_oneof![
        2 => (0..3_u8, 0..90_u64).prop_map(|(tenant, delay)| Act::Send { tenant, delay }),
        4 => (1..4_usize).prop_map(Act::Take),
        4 => (any::<usize>(), verdict).prop_map(|(which, verdict)| Act::Settle { which, verdict }),
        2 => (0..60_u64).prop_map(Act::Wait),
    ]
}

/// A queue, and what a plain account of it says.
#[derive(Debug, Default)]
struct Account {
    line: Line,
    now: Timestamp,
    sent: i64,
    ended: BTreeSet<i64>,
    /// Receipts handed out, stale ones too: id and receive.
    receipts: Vec<(i64, u32)>,
    received: BTreeMap<i64, u32>,
    held: BTreeMap<i64, Timestamp>,
}

impl Account {
    fn perform(&mut self, act: &Act) {
        match act {
            Act::Send { tenant, delay } => self.send(*tenant, Duration::from_secs(*delay)),
            Act::Take(max) => self.take(*max),
            Act::Wait(seconds) => self.now = later(self.now, Duration::from_secs(*seconds)),
            Act::Settle { which, verdict } => self.settle(*which, *verdict),
        }
    }

    fn send(&mut self, tenant: u8, delay: Duration) {
        self.sent += 1;
        let message = Message {
            tenant: tenant.to_string().into(),
            created: self.now,
            sent: self.now,
            receives: 0,
            body: Some(String::new()),
        };
        let visible_at = later(self.now, delay);
        self.line.insert(self.sent, message, visible_at, self.now);
    }

    fn take(&mut self, max: usize) {
        for (id, _, entry) in self.line.pass(self.now) {
            self.held.remove(&id);
            self.end_if_dead(id, entry);
        }
        let expires = later(self.now, self.line.settings.visibility);
        for (id, message) in self.line.take(max, self.now) {
            assert!(!self.ended.contains(&id), "{id} came again after its end");
            assert_eq!(self.held.insert(id, expires), None, "{id} is held twice");
            let receives = self.received.entry(id).or_default();
            *receives += 1;
            assert_eq!(message.receives, *receives);
            assert!(*receives <= MAX_RECEIVE_COUNT);
            self.receipts.push((id, message.receives));
        }
    }

    fn settle(&mut self, which: usize, verdict: Verdict) {
        if self.receipts.is_empty() {
            return;
        }
        let (id, receives) = self.receipts[which % self.receipts.len()];
        let current = self.held.contains_key(&id) && self.received[&id] == receives;
        let settled = self.line.settle(id, receives, verdict, self.now);
        assert_eq!(settled.is_some(), current, "{id} receive {receives}");
        if let Some((_, entry)) = settled {
            self.held.remove(&id);
            self.end_if_dead(id, entry);
        }
    }

    fn end_if_dead(&mut self, id: i64, entry: Entry) {
        if let Entry::Dead { receives } = entry {
            assert_eq!(receives, MAX_RECEIVE_COUNT);
        }
        if !matches!(entry, Entry::Hidden { .. }) {
            assert!(self.ended.insert(id), "{id} ended twice");
        }
    }

    /// Every message is visible, hidden, in flight or at its end.
    fn check(&self) {
        let counts = self.line.counts(self.now);
        assert_eq!(counts.in_flight, self.held.len());
        let living = counts.visible + counts.hidden + counts.in_flight;
        assert_eq!(
            living + self.ended.len(),
            usize::try_from(self.sent).unwrap()
        );
        assert_eq!(self.line.is_empty(), living == 0);
    }
}

proptest! {
    #[test]
    fn no_message_is_lost_held_twice_or_received_too_often(
        acts in prop::collection::vec(act(), 0..200),
    ) {
        let mut account = Account::default();
        for act in &acts {
            account.perform(act);
            account.check();
        }
    }

    #[test]
    fn a_queue_that_is_served_empties(acts in prop::collection::vec(act(), 0..100)) {
        let mut account = Account::default();
        for act in &acts {
            account.perform(act);
        }
        while let Some(due) = account.line.next_due().or_else(|| {
            account.line.has_visible().then_some(account.now)
        }) {
            account.now = account.now.max(due);
            account.take(100);
            for which in 0..account.receipts.len() {
                account.settle(which, Verdict::Acknowledge);
            }
        }
        prop_assert!(account.line.is_empty());
    }
}
