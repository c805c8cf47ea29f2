//! One queue's messages: visible, hidden or in flight. Pure: time comes in, decisions go out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use holdfast_engine::port::Verdict;
use jiff::Timestamp;

use super::message::Message;
use super::turns::Turns;
use super::unruly::Disorder;
use crate::clock::later;

/// Receives before a message is dead-lettered.
pub const MAX_RECEIVE_COUNT: u32 = 8;

/// How a queue treats its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long a received message stays hidden while it is worked on.
    pub visibility: Duration,
    /// Receives before a message is dead-lettered.
    pub max_receive_count: u32,
}

impl Default for QueueSettings {
    /// Thirty seconds, as SQS; and [`MAX_RECEIVE_COUNT`].
    fn default() -> Self {
        Self {
            visibility: Duration::from_secs(30),
            max_receive_count: MAX_RECEIVE_COUNT,
        }
    }
}

/// What the log of the queue must learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Deleted,
    Hidden { until: Timestamp, receives: u32 },
    Dead { receives: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Visible,
    Hidden(Timestamp),
    InFlight(Timestamp),
}

#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) settings: QueueSettings,
    pub(crate) dead: u64,
    /// The order of receives; `None`: that of sending.
    pub(crate) disorder: Option<Disorder>,
    messages: BTreeMap<i64, (Message, Place)>,
    visible: Turns,
    hidden: BTreeSet<(Timestamp, i64)>,
    in_flight: BTreeSet<(Timestamp, i64)>,
}

/// How many messages are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) visible: usize,
    pub(crate) hidden: usize,
    pub(crate) in_flight: usize,
    pub(crate) oldest: Option<Timestamp>,
}

impl Line {
    /// Adds a message that becomes visible at this time.
    pub(crate) fn insert(
        &mut self,
        id: i64,
        message: Message,
        visible_at: Timestamp,
        now: Timestamp,
    ) {
        let place = if visible_at <= now {
            self.visible.push(&message.tenant, id);
            Place::Visible
        } else {
            self.hidden.insert((visible_at, id));
            Place::Hidden(visible_at)
        };
        self.messages.insert(id, (message, place));
    }

    /// Takes visible messages, at most `max`, into flight, with their receives counted.
    pub(crate) fn take(&mut self, max: usize, now: Timestamp) -> Vec<(i64, Message)> {
        let expires = later(now, self.settings.visibility);
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(id) = self.next_visible()
        {
            if let Some((message, place)) = self.messages.get_mut(&id) {
                message.receives += 1;
                *place = Place::InFlight(expires);
                self.in_flight.insert((expires, id));
                let body = message.body.take();
                taken.push((
                    id,
                    Message {
                        body,
                        ..message.clone()
                    },
                ));
            }
        }
        taken
    }

    fn next_visible(&mut self) -> Option<i64> {
        match &mut self.disorder {
            None => self.visible.pop(),
            Some(disorder) => self.visible.pop_nth(disorder.next()),
        }
    }

    /// Shows a message that is in flight once more; the flight goes on, and its end says nothing.
    pub(crate) fn show_again(&mut self, id: i64, receives: u32) {
        if let Some(message) = self.lift(id, receives) {
            self.insert(id, message, Timestamp::MIN, Timestamp::MIN);
        }
    }

    /// Undoes a receive that did not reach anybody.
    pub(crate) fn untake(&mut self, id: i64, receives: u32) {
        if let Some(mut message) = self.lift(id, receives) {
            message.receives = receives.saturating_sub(1);
            self.insert(id, message, Timestamp::MIN, Timestamp::MIN);
        }
    }

    /// Ends a flight by the verdict on it. `None`: the receipt is stale, for the message was
    /// received again or is gone.
    pub(crate) fn settle(
        &mut self,
        id: i64,
        receives: u32,
        verdict: Verdict,
        now: Timestamp,
    ) -> Option<(Message, Entry)> {
        let message = self.lift(id, receives)?;
        let kept = message.clone();
        let entry = match verdict {
            Verdict::Acknowledge => Entry::Deleted,
            Verdict::RetryAfter(delay) => self.hide(id, message, later(now, delay), now),
            Verdict::Fail => self.hide(id, message, now, now),
        };
        Some((kept, entry))
    }

    /// Lets time pass: what is due becomes visible, what flew too long counts as received, and
    /// what was received too often dies.
    pub(crate) fn pass(&mut self, now: Timestamp) -> Vec<(i64, Message, Entry)> {
        let mut changed = Vec::new();
        while let Some((_, id)) = first_due(&self.in_flight, now) {
            let receives = self
                .messages
                .get(&id)
                .map_or(0, |(message, _)| message.receives);
            if let Some((message, entry)) = self.settle(id, receives, Verdict::Fail, now) {
                changed.push((id, message, entry));
            }
        }
        while let Some(due) = first_due(&self.hidden, now) {
            self.hidden.remove(&due);
            changed.extend(self.surface(due.1));
        }
        changed
    }

    /// When [`Line::pass`] next has something to do.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let first = |set: &BTreeSet<(Timestamp, i64)>| set.first().map(|(due, _)| *due);
        first(&self.hidden)
            .into_iter()
            .chain(first(&self.in_flight))
            .min()
    }

    pub(crate) fn counts(&self, now: Timestamp) -> Counts {
        let due = self.hidden.range(..=(now, i64::MAX)).count();
        Counts {
            visible: self.visible.len() + due,
            hidden: self.hidden.len() - due,
            in_flight: self.in_flight.len(),
            // Ids grow with time, a redrive's too.
            oldest: self
                .messages
                .values()
                .next()
                .map(|(message, _)| message.sent),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(crate) fn has_visible(&self) -> bool {
        self.visible.len() > 0
    }

    fn surface(&mut self, id: i64) -> Option<(i64, Message, Entry)> {
        let (message, place) = self.messages.get_mut(&id)?;
        let receives = message.receives;
        if receives < self.settings.max_receive_count {
            *place = Place::Visible;
            self.visible.push(&message.tenant, id);
            return None;
        }
        let (message, _) = self.messages.remove(&id)?;
        Some((id, message, Entry::Dead { receives }))
    }

    /// Takes a message out of flight, if this receive of it is the one in flight.
    fn lift(&mut self, id: i64, receives: u32) -> Option<Message> {
        let (message, place) = self.messages.get(&id)?;
        let Place::InFlight(expires) = *place else {
            return None;
        };
        if message.receives != receives {
            return None;
        }
        self.in_flight.remove(&(expires, id));
        self.messages.remove(&id).map(|(message, _)| message)
    }

    fn hide(&mut self, id: i64, message: Message, until: Timestamp, now: Timestamp) -> Entry {
        let receives = message.receives;
        if receives >= self.settings.max_receive_count && until <= now {
            return Entry::Dead { receives };
        }
        self.insert(id, message, until, now);
        Entry::Hidden { until, receives }
    }
}

fn first_due(set: &BTreeSet<(Timestamp, i64)>, now: Timestamp) -> Option<(Timestamp, i64)> {
    set.first().copied().filter(|(due, _)| *due <= now)
}
