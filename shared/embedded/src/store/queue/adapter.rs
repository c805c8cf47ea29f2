//! Sending, receiving and settling messages.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::port::{
    Clock, Delivery, MAX_DELAY, Outgoing, PortError, Queue, QueueName, Verdict,
};
use jiff::Timestamp;
use rusqlite::Connection;

use super::line::{Entry, QueueSettings};
use super::lines::{Lane, Lines};
use super::message::{self, Message, NewMessage};
use super::settle::Settlement;
use crate::clock::later;
use crate::observer::Moment;
use crate::store::Store;
use crate::store::work::Work;

/// The largest message in bytes, as in SQS.
const MAX_MESSAGE: usize = 1024 * 1024;

/// The queues of a store.
#[derive(Debug, Clone)]
pub struct SqliteQueue<C> {
    pub(crate) store: Store,
    pub(crate) clock: C,
}

impl<C: Clock> Queue for SqliteQueue<C> {
    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        refuse_unfit(&messages)?;
        if messages.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let lines = Arc::clone(self.store.lines());
        let accept = |outgoing| accept(&lines, outgoing, now);
        let messages = messages.into_iter().map(accept).collect();
        let work = Send {
            messages,
            now,
            lines,
        };
        self.store.perform(work).await?;
        self.store.observe(Moment::Sent);
        Ok(())
    }
}

impl<C: Clock> SqliteQueue<C> {
    /// The queues of a store, waiting by this clock.
    #[must_use]
    pub fn new(store: Store, clock: C) -> Self {
        Self { store, clock }
    }

    /// Sets how a queue treats its messages from now on.
    pub fn configure(&self, queue: &QueueName, settings: QueueSettings) {
        self.store.lines().lane(queue).line().settings = settings;
    }

    /// Receives up to `max` messages, the tenants in turn; waits until there is one.
    ///
    /// # Errors
    /// [`PortError`] when the store fails; no message was received.
    pub async fn receive(&self, queue: &QueueName, max: usize) -> Result<Vec<Delivery>, PortError> {
        let lane = self.store.lines().lane(queue);
        loop {
            let changed = lane.changes.notified();
            let received = self.take(queue, &lane, max)?;
            if !received.is_empty() {
                return Ok(received);
            }
            tokio::select! {
                () = changed => {}
                () = self.until_due(&lane) => {}
            }
        }
    }

    /// Receives up to `max` messages that are visible now.
    ///
    /// # Errors
    /// [`PortError`] when the store fails; no message was received.
    pub fn try_receive(&self, queue: &QueueName, max: usize) -> Result<Vec<Delivery>, PortError> {
        self.take(queue, &self.store.lines().lane(queue), max)
    }

    /// Ends a delivery by its verdict. A delivery that was received again meanwhile is left
    /// alone. Nothing needs to be awaited: a lost verdict is a redelivery, and it is written
    /// after everything that was sent before it.
    pub fn settle(&self, delivery: &Delivery, verdict: Verdict) {
        self.store.observe(Moment::Handled);
        let Some(id) = message::number(&delivery.message_id) else {
            return;
        };
        let unruly = self.store.lines().unruly();
        let verdict = unruly.map_or(verdict, |unruly| unruly.verdict(delivery, verdict));
        let lane = self.store.lines().lane(&delivery.queue);
        let now = self.clock.now();
        let mut index = lane.line();
        let settled = index.settle(id, delivery.receive_count, verdict, now);
        drop(index);
        if let Some((message, entry)) = settled {
            self.log(&lane, (id, message, entry), now);
            if verdict != Verdict::Acknowledge {
                lane.changes.notify_waiters();
            }
        }
    }

    /// Waits until every verdict so far is written.
    ///
    /// # Errors
    /// [`PortError`] when the store fails.
    pub async fn flush(&self) -> Result<(), PortError> {
        self.store.write(|_| Ok(())).await
    }

    /// Waits for the next message that becomes visible by itself. A flight that starts during
    /// the wait ends after it.
    async fn until_due(&self, lane: &Lane) {
        let (due, longest) = {
            let index = lane.line();
            (index.next_due(), index.settings.visibility)
        };
        let latest = later(self.clock.now(), longest);
        self.clock
            .sleep_until(due.map_or(latest, |due| due.min(latest)))
            .await;
    }

    fn take(
        &self,
        queue: &QueueName,
        lane: &Arc<Lane>,
        max: usize,
    ) -> Result<Vec<Delivery>, PortError> {
        let now = self.clock.now();
        let mut index = lane.line();
        let changed = index.pass(now);
        let taken = index.take(max, now);
        let (settings, more) = (index.settings, index.has_visible());
        drop(index);
        for change in changed {
            self.log(lane, change, now);
        }
        if more {
            lane.changes.notify_one();
        }
        self.deliver(queue, lane, taken, settings)
    }

    fn deliver(
        &self,
        queue: &QueueName,
        lane: &Lane,
        taken: Vec<(i64, Message)>,
        settings: QueueSettings,
    ) -> Result<Vec<Delivery>, PortError> {
        let (mut deliveries, mut unread) = (Vec::with_capacity(taken.len()), None);
        for (id, mut message) in taken {
            match self.fill(id, &mut message) {
                Ok(()) => {
                    let delivery = delivery(queue, id, message, settings);
                    self.double(lane, id, &delivery);
                    deliveries.push(delivery);
                }
                Err(error) => {
                    lane.line().untake(id, message.receives);
                    unread = Some(error);
                }
            }
        }
        // A message that cannot be read does not hold up those that can.
        match unread {
            Some(error) if deliveries.is_empty() => Err(error),
            _ => Ok(deliveries),
        }
    }

    fn double(&self, lane: &Lane, id: i64, delivery: &Delivery) {
        let unruly = self.store.lines().unruly();
        if unruly.is_some_and(|unruly| unruly.doubles(delivery)) {
            lane.line().show_again(id, delivery.receive_count);
            lane.changes.notify_one();
        }
    }

    fn fill(&self, id: i64, message: &mut Message) -> Result<(), PortError> {
        match &message.body {
            Some(body) => self.store.lines().uncached(body),
            None => message.body = Some(self.store.read(|c| message::body(c, id))?),
        }
        Ok(())
    }

    fn log(&self, lane: &Arc<Lane>, (id, message, entry): (i64, Message, Entry), now: Timestamp) {
        let mut index = lane.line();
        index.dead += u64::from(matches!(entry, Entry::Dead { .. }));
        let emptied = index.is_empty();
        drop(index);
        self.store.post(Settlement {
            id,
            message,
            entry,
            lane: Arc::clone(lane),
            now,
        });
        // Whoever is woken may ask the store at once what became of the message.
        if emptied {
            self.store.lines().emptied.notify_waiters();
        }
    }
}

/// A message has a largest size and a longest delay, as in SQS.
pub(crate) fn refuse_unfit(messages: &[Outgoing]) -> Result<(), PortError> {
    let fits = |m: &Outgoing| m.body.len() <= MAX_MESSAGE && m.delay <= MAX_DELAY;
    if messages.iter().all(fits) {
        Ok(())
    } else {
        Err(PortError::TooLarge)
    }
}

/// A message as the queue accepts it now.
pub(crate) fn accept(lines: &Lines, outgoing: Outgoing, now: Timestamp) -> NewMessage {
    let unruly = lines.unruly();
    let late = unruly.map_or(Duration::ZERO, |unruly| unruly.delay(&outgoing));
    NewMessage {
        id: lines.next_id(),
        queue: outgoing.queue,
        tenant: outgoing.tenant.as_str().into(),
        visible_at: later(now, outgoing.delay + late),
        created: outgoing.created,
        sent: now,
        body: outgoing.body,
    }
}

fn delivery(queue: &QueueName, id: i64, message: Message, settings: QueueSettings) -> Delivery {
    Delivery {
        queue: queue.clone(),
        message_id: message::text(id),
        body: message.body.unwrap_or_default(),
        created: message.created,
        sent: message.sent,
        receive_count: message.receives,
        last_receive: message.receives >= settings.max_receive_count,
    }
}

struct Send {
    messages: Vec<NewMessage>,
    now: Timestamp,
    lines: Arc<Lines>,
}

impl Work for Send {
    type Output = ();

    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut messages = self.messages.iter();
        messages.try_for_each(|message| message.insert(connection))
    }

    fn committed(self, (): &()) {
        self.lines.arrived(self.messages, self.now);
    }
}
