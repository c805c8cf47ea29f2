//! Timers: what is due within a queue's longest delay waits in its queue, the rest in the table
//! of timers, in buckets of a minute over a few shards, which a schedule empties once a minute.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use futures_util::future::try_join_all;
use holdfast_engine::hash;
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{
    Clock, MAX_DELAY, Outgoing, PortError, Queue, QueueName, Row, Timer, Timers,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attributes::{self, BODY, PK, SK, text};
use super::{Items, Slot};
use crate::error::port;
use crate::sqs::SqsQueue;

/// The shards of each minute.
const SHARDS: u64 = 4;

const MINUTE: i64 = 60_000;

/// How far before its cursor a shard is looked at again: what was armed late, or by a clock that
/// is behind.
const LOOK_BACK: i64 = 5;

/// How far back a shard is looked at that has no cursor yet.
const FIRST_LOOK: i64 = 120;

/// Minutes after which the cursor is moved where many are looked at, so that after a long silence
/// an invocation that runs out of time has come further.
const STRIDE: i64 = 240;

/// How far ahead of its time a message may go into its queue, with a delay: until the schedule
/// comes again.
const AHEAD: i64 = MINUTE;

/// Timers read at once.
const PAGE: usize = 100;

/// The timers of a stack.
#[derive(Debug, Clone)]
pub struct DynamoTimers<C> {
    items: Items,
    table: Arc<str>,
    queue: SqsQueue,
    clock: C,
}

/// A timer as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    queue: QueueName,
    tenant: TenantName,
    delay_ms: u64,
    body: String,
}

/// The timers that are armed beyond a queue's delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Armed {
    /// How many.
    pub count: u64,
    /// When the next is due.
    pub next: Option<Timestamp>,
}

impl<C: Clock> Timers for DynamoTimers<C> {
    async fn arm(&self, timer: Timer) -> Result<(), PortError> {
        let now = self.clock.now();
        let wait = Duration::try_from(timer.due.duration_since(now)).unwrap_or_default();
        let wait = wait.saturating_add(timer.message.delay);
        if wait <= MAX_DELAY {
            let message = Outgoing {
                delay: wait,
                created: now.max(timer.due),
                ..timer.message
            };
            return self.queue.send(vec![message]).await;
        }
        self.store(timer).await
    }
}

impl<C: Clock> DynamoTimers<C> {
    /// The timers in this table, whose messages go to these queues.
    pub fn new(client: Client, table: &str, queue: SqsQueue, clock: C) -> Self {
        Self {
            items: Items::new(client),
            table: table.into(),
            queue,
            clock,
        }
    }

    /// The identity is tenant, due time and id: what is armed again is written over itself.
    async fn store(&self, timer: Timer) -> Result<(), PortError> {
        let Timer { due, id, message } = timer;
        let tenant = message.tenant.clone();
        let stored = Stored {
            queue: message.queue,
            tenant: message.tenant,
            delay_ms: u64::try_from(message.delay.as_millis()).unwrap_or(u64::MAX),
            body: message.body,
        };
        let body = serde_json::to_string(&stored)
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        let due = due.as_millisecond();
        let put = self
            .items
            .client
            .put_item()
            .table_name(&*self.table)
            .item(PK, text(bucket(shard(&id), minute(due))))
            .item(SK, text(format!("{due:013}#{tenant}#{id}")))
            .item(BODY, text(body));
        put.send().await.map(drop).map_err(|error| port(&error))
    }

    /// Sends the messages of all timers that are due by `now`, or within a minute from it: those
    /// with a delay until they are. Returns how many. A message is sent before its timer is
    /// deleted: after a crash between the two it comes twice, and its receiver knows.
    ///
    /// # Errors
    /// [`PortError`] when a service fails; the next call goes on there.
    pub async fn fire_due(&self, now: Timestamp) -> Result<usize, PortError> {
        let shards = (0..SHARDS).map(|shard| self.fire_shard(shard, now));
        let fired = try_join_all(shards).await?;
        Ok(fired.into_iter().sum())
    }

    async fn fire_shard(&self, shard: u64, now: Timestamp) -> Result<usize, PortError> {
        let cursor_key = format!("cursor#{shard}");
        let cursor_slot = Slot {
            table: &self.table,
            partition: &cursor_key,
            sort: "",
        };
        let current = minute(now.as_millisecond());
        let cursor = self.items.one(cursor_slot).await?;
        let cursor = cursor.and_then(|item| item.body.parse::<i64>().ok());
        let from = cursor.map_or(current - FIRST_LOOK, |cursor| cursor - LOOK_BACK);
        let mut fired = 0;
        for minute in from..=minute(now.as_millisecond() + AHEAD) {
            fired += self.fire_bucket(&bucket(shard, minute), now).await?;
            if minute < current && minute % STRIDE == 0 {
                self.move_cursor(cursor_slot, minute).await?;
            }
        }
        if cursor.is_none_or(|cursor| cursor < current) {
            self.move_cursor(cursor_slot, current).await?;
        }
        Ok(fired)
    }

    /// A cursor that another invocation moved further meanwhile comes back by minutes that are
    /// looked at again: that costs reads, and loses nothing.
    async fn move_cursor(&self, slot: Slot<'_>, minute: i64) -> Result<(), PortError> {
        let put = self
            .items
            .client
            .put_item()
            .table_name(slot.table)
            .set_item(Some(slot.key()))
            .item(BODY, text(minute.to_string()));
        put.send().await.map(drop).map_err(|error| port(&error))
    }

    async fn fire_bucket(&self, bucket: &str, now: Timestamp) -> Result<usize, PortError> {
        let (mut fired, mut after) = (0, None::<String>);
        loop {
            let page = self
                .items
                .query(&self.table, bucket, "", after.as_deref(), PAGE)
                .await?;
            let due: Vec<_> = page
                .rows
                .iter()
                .filter(|row| due_of(row) <= now.as_millisecond() + AHEAD)
                .collect();
            self.fire(bucket, &due, now).await?;
            fired += due.len();
            after = page.next;
            if after.is_none() {
                return Ok(fired);
            }
        }
    }

    async fn fire(&self, bucket: &str, due: &[&Row], now: Timestamp) -> Result<(), PortError> {
        let messages: Vec<_> = due
            .iter()
            .map(|row| message(row, now))
            .collect::<Result<_, _>>()?;
        if !messages.is_empty() {
            self.queue.send(messages).await?;
        }
        for row in due {
            let delete = self
                .items
                .client
                .delete_item()
                .table_name(&*self.table)
                .set_key(Some(attributes::key(bucket, &row.sort)));
            delete.send().await.map_err(|error| port(&error))?;
        }
        Ok(())
    }

    /// The timers that wait in the table. Reads all of it: for people, not for a loop.
    ///
    /// # Errors
    /// [`PortError`] when the table cannot be read.
    pub async fn armed(&self) -> Result<Armed, PortError> {
        let (mut armed, mut start) = (Armed::default(), None);
        loop {
            let page = self
                .items
                .client
                .scan()
                .table_name(&*self.table)
                .projection_expression("pk, sk")
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| port(&error))?;
            for item in page.items.unwrap_or_default() {
                if !attributes::read(&item, PK)?.starts_with("cursor#") {
                    let due = due_in(attributes::read(&item, SK)?);
                    let due = Timestamp::from_millisecond(due).ok();
                    armed.count += 1;
                    armed.next = armed.next.into_iter().chain(due).min();
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(armed);
            }
        }
    }
}

fn minute(millis: i64) -> i64 {
    millis.div_euclid(MINUTE)
}

fn shard(id: &str) -> u64 {
    let sum: u64 = hash::hex(&[id.as_bytes()]).bytes().map(u64::from).sum();
    sum % SHARDS
}

fn bucket(shard: u64, minute: i64) -> String {
    format!("{shard}#{minute}")
}

fn due_of(row: &Row) -> i64 {
    due_in(&row.sort)
}

fn due_at(row: &Row) -> Option<Timestamp> {
    Timestamp::from_millisecond(due_of(row)).ok()
}

/// The due time in a sort key; one that cannot be read is due now, and its body tells more.
fn due_in(sort: &str) -> i64 {
    let due = sort.split('#').next().and_then(|text| text.parse().ok());
    due.unwrap_or(0)
}

/// The message of a timer. It may go into its queue a little ahead, with a delay: it is created
/// when it is due all the same.
fn message(row: &Row, now: Timestamp) -> Result<Outgoing, PortError> {
    let stored: Stored = serde_json::from_str(&row.item.body)
        .map_err(|error| PortError::Unavailable(format!("a timer does not decode: {error}")))?;
    let left = due_of(row).saturating_sub(now.as_millisecond()).max(0);
    let left = Duration::from_millis(left.unsigned_abs());
    let delay = left.saturating_add(Duration::from_millis(stored.delay_ms));
    Ok(Outgoing {
        queue: stored.queue,
        body: stored.body,
        delay: delay.min(MAX_DELAY),
        tenant: stored.tenant,
        created: due_at(row).map_or(now, |due| due.max(now)),
    })
}
