//! Queues as SQS has them: visibility, receive counts, delay, dead letters and their redrive.

use std::time::Duration;

use holdfast_engine::port::{
    DeadLetter, DeadLetters, Delivery, MessageId, Outgoing, PortError, Queue, QueueName, Redrive,
    Verdict,
};
use jiff::Timestamp;

use super::Shared;
use super::state::MemoryState;

/// How often a message is received before it is dead-lettered.
pub const MAX_RECEIVES: u32 = 8;

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    id: MessageId,
    body: String,
    created: Timestamp,
    sent: Timestamp,
    visible: Timestamp,
    receives: u32,
}

/// The right to say what becomes of one receive; a later receive of the message ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    queue: QueueName,
    id: MessageId,
    receive: u32,
}

/// A received message.
#[derive(Debug, Clone)]
pub struct Received {
    /// What the function sees.
    pub delivery: Delivery,
    /// What settles it.
    pub receipt: Receipt,
}

/// Queues in memory.
#[derive(Debug)]
pub struct MemoryQueue(Shared);

impl MemoryQueue {
    pub(super) fn new(shared: Shared) -> Self {
        Self(shared)
    }

    /// Receives a visible message, the `pick`-th modulo their number, and hides it.
    #[must_use]
    pub fn receive(&self, pick: usize, visibility: Duration) -> Option<Received> {
        self.0.change(|state| {
            bury(state);
            let visible = visible(state);
            let (queue, index) = visible.get(pick.checked_rem(visible.len())?)?.clone();
            let hidden = state.now.saturating_add(visibility).unwrap_or(state.now);
            let message = state.messages.get_mut(&queue)?.get_mut(index)?;
            message.receives += 1;
            message.visible = hidden;
            Some(message.received(&queue))
        })
    }

    /// How many messages could be received now.
    #[must_use]
    pub fn visible(&self) -> usize {
        self.0.read(|state| visible(state).len())
    }

    /// How many messages there are, hidden ones too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0
            .read(|state| state.messages.values().map(Vec::len).sum())
    }

    /// Whether there is no message but dead letters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bodies in a queue, hidden ones too.
    #[must_use]
    pub fn bodies(&self, queue: &str) -> Vec<String> {
        let messages = self
            .0
            .read(|state| state.messages.get(&QueueName::of(queue)).cloned());
        let messages = messages.unwrap_or_default();
        messages.into_iter().map(|message| message.body).collect()
    }

    /// When the next message shows that is hidden now.
    #[must_use]
    pub fn next_hidden(&self) -> Option<Timestamp> {
        let all = |state: &MemoryState| {
            let messages = state.messages.values().flatten();
            let shows = messages.map(|message| message.visible);
            shows.filter(|at| *at > state.now).min()
        };
        self.0.read(all)
    }

    /// When the next hidden message shows.
    #[must_use]
    pub fn next_visible(&self) -> Option<Timestamp> {
        let all = |state: &MemoryState| {
            let messages = state.messages.values().flatten();
            messages.map(|message| message.visible).min()
        };
        self.0.read(all)
    }

    /// Does what the function said; nothing when the message was received again since.
    pub fn settle(&self, receipt: &Receipt, verdict: Verdict) {
        self.0.change(|state| {
            let now = state.now;
            let Some(messages) = state.messages.get_mut(&receipt.queue) else {
                return;
            };
            let own =
                |message: &Message| message.id == receipt.id && message.receives == receipt.receive;
            match verdict {
                Verdict::Acknowledge => messages.retain(|message| !own(message)),
                Verdict::RetryAfter(delay) => {
                    let due = now.saturating_add(delay).unwrap_or(now);
                    show(messages, own, due);
                }
                Verdict::Fail => show(messages, own, now),
            }
            bury(state);
        });
    }

    /// Shows a received message again although it was not settled, or not yet: a duplicate.
    pub fn reappear(&self, receipt: &Receipt) {
        self.0.change(|state| {
            let now = state.now;
            if let Some(messages) = state.messages.get_mut(&receipt.queue) {
                show(messages, |message| message.id == receipt.id, now);
            }
        });
    }

    /// Delivers a message once more although it was deleted: standard queues do.
    pub fn resurrect(&self, received: &Received) {
        self.0.change(|state| {
            let delivery = &received.delivery;
            let message = Message {
                id: delivery.message_id.clone(),
                body: delivery.body.clone(),
                created: delivery.created,
                sent: delivery.sent,
                visible: state.now,
                receives: delivery.receive_count,
            };
            let messages = state.messages.entry(delivery.queue.clone()).or_default();
            if messages.iter().all(|other| other.id != message.id) {
                messages.push(message);
            }
        });
    }

    /// The dead letters of every queue.
    #[must_use]
    pub fn dead(&self) -> Vec<(QueueName, DeadLetter)> {
        self.0.read(|state| {
            let each = state.dead.iter();
            each.flat_map(|(queue, dead)| dead.iter().map(|letter| (queue.clone(), letter.clone())))
                .collect()
        })
    }

    /// Moves every dead letter back to its queue, as the console does: new message ids, new
    /// times of sending, `created` as it was. Returns how many.
    pub fn redrive(&self) -> usize {
        self.0.change(|state| {
            let dead = std::mem::take(&mut state.dead);
            let letters = dead.into_iter().flat_map(|(queue, dead)| {
                dead.into_iter().map(move |letter| (queue.clone(), letter))
            });
            let letters: Vec<_> = letters.collect();
            let moved = letters.len();
            for (queue, letter) in letters {
                let now = state.now;
                push(state, &queue, letter.body, letter.created, now);
            }
            moved
        })
    }

    /// Loses every message.
    pub fn lose_all(&self) {
        self.0.change(|state| state.messages.clear());
    }

    /// Sends a message as the redrive of an error record does: with an old stamp.
    pub fn resend(&self, queue: &QueueName, body: String, created: Timestamp) {
        self.0.change(|state| {
            let now = state.now;
            push(state, queue, body, created, now);
        });
    }
}

impl Queue for MemoryQueue {
    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        self.0.change(|state| {
            for message in messages {
                let visible = state.now.saturating_add(message.delay).unwrap_or(state.now);
                push(
                    state,
                    &message.queue,
                    message.body,
                    message.created,
                    visible,
                );
            }
        });
        Ok(())
    }
}

impl DeadLetters for MemoryQueue {
    fn queues(&self) -> Vec<QueueName> {
        self.0.read(|state| state.dead.keys().cloned().collect())
    }

    async fn list(
        &self,
        queue: &QueueName,
        after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, PortError> {
        Ok(self.0.read(|state| {
            let dead = state.dead.get(queue).map_or(&[][..], Vec::as_slice);
            let start = dead.iter().position(|letter| Some(&letter.id) == after);
            let start = start.map_or(0, |index| index + 1);
            dead.iter().skip(start).take(limit).cloned().collect()
        }))
    }

    async fn arrived(
        &self,
        queue: &QueueName,
        (since, last): (Timestamp, &MessageId),
        limit: usize,
    ) -> Result<Vec<DeadLetter>, PortError> {
        Ok(self.0.read(|state| {
            let dead = state.dead.get(queue).map_or(&[][..], Vec::as_slice);
            let seen = dead.iter().position(|letter| letter.id == *last);
            let later = |(index, letter): &(usize, &DeadLetter)| {
                letter.dead_at > since
                    || (letter.dead_at == since && seen.is_none_or(|seen| *index > seen))
            };
            let mut found: Vec<_> = dead.iter().enumerate().filter(later).collect();
            found.sort_by_key(|(_, letter)| letter.dead_at);
            let found = found.into_iter().take(limit);
            found.map(|(_, letter)| letter.clone()).collect()
        }))
    }

    async fn redrive(&self, queue: &QueueName, which: Redrive) -> Result<usize, PortError> {
        Ok(self.0.change(|state| {
            let dead = state.dead.remove(queue).unwrap_or_default();
            let chosen = |letter: &DeadLetter| match &which {
                Redrive::All => true,
                Redrive::One(id) => letter.id == *id,
            };
            let (moved, kept) = dead.into_iter().partition::<Vec<_>, _>(chosen);
            state.dead.insert(queue.clone(), kept);
            let (count, now) = (moved.len(), state.now);
            for letter in moved {
                push(state, queue, letter.body, letter.created, now);
            }
            count
        }))
    }
}

pub(super) fn push(
    state: &mut MemoryState,
    queue: &QueueName,
    body: String,
    created: Timestamp,
    visible: Timestamp,
) {
    state.next_message += 1;
    let message = Message {
        id: MessageId(format!("m{}", state.next_message)),
        body,
        created,
        sent: state.now,
        visible,
        receives: 0,
    };
    state
        .messages
        .entry(queue.clone())
        .or_default()
        .push(message);
}

fn visible(state: &MemoryState) -> Vec<(QueueName, usize)> {
    let in_queue = |(queue, messages): (&QueueName, &Vec<Message>)| {
        let found = messages.iter().enumerate();
        let found = found.filter(|(_, message)| message.visible <= state.now);
        found
            .map(|(index, _)| (queue.clone(), index))
            .collect::<Vec<_>>()
    };
    state.messages.iter().flat_map(in_queue).collect()
}

/// Moves visible messages without a receive left to the dead letters.
fn bury(state: &mut MemoryState) {
    for (queue, messages) in &mut state.messages {
        let over =
            |message: &Message| message.receives >= MAX_RECEIVES && message.visible <= state.now;
        let letters = state.dead.entry(queue.clone()).or_default();
        if !messages.iter().any(over) {
            continue;
        }
        let (dead, live) = messages.drain(..).partition::<Vec<_>, _>(over);
        *messages = live;
        letters.extend(dead.into_iter().map(|message| DeadLetter {
            id: message.id,
            tenant: String::new(),
            body: message.body,
            created: message.created,
            sent: message.sent,
            receives: message.receives,
            dead_at: state.now,
        }));
    }
}

fn show(messages: &mut [Message], which: impl Fn(&Message) -> bool, at: Timestamp) {
    for message in messages.iter_mut().filter(|message| which(message)) {
        message.visible = at;
    }
}

impl Message {
    fn received(&self, queue: &QueueName) -> Received {
        Received {
            delivery: Delivery {
                queue: queue.clone(),
                message_id: self.id.clone(),
                body: self.body.clone(),
                created: self.created,
                sent: self.sent,
                receive_count: self.receives,
                last_receive: self.receives >= MAX_RECEIVES,
            },
            receipt: Receipt {
                queue: queue.clone(),
                id: self.id.clone(),
                receive: self.receives,
            },
        }
    }
}
