//! What of the queues survives the end of the process.

use holdfast_engine::port::DeadLetters as _;
use std::path::Path;
use std::time::Duration;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock, Delivery, Outgoing, Queue, QueueName, Verdict};

use super::{Depth, SqliteQueue};
use crate::clock::VirtualClock;
use crate::store::Store;

const MINUTE: Duration = Duration::from_mins(1);

fn clock() -> VirtualClock {
    VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap())
}

fn open(folder: &Path, clock: &VirtualClock) -> SqliteQueue<VirtualClock> {
    SqliteQueue::new(Store::open(folder).unwrap(), clock.clone())
}

fn name() -> QueueName {
    QueueName::of("send-sms")
}

fn message(clock: &VirtualClock, body: &str) -> Outgoing {
    Outgoing {
        queue: name(),
        body: body.to_owned(),
        delay: Duration::ZERO,
        tenant: TenantName::new("demo").unwrap(),
        created: clock.now(),
    }
}

fn take(queue: &SqliteQueue<VirtualClock>) -> Vec<Delivery> {
    queue.try_receive(&name(), 10).unwrap()
}

#[tokio::test]
async fn a_message_in_flight_returns_at_once_and_its_receive_is_not_counted() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let queue = open(folder.path(), &clock);
    queue.send(vec![message(&clock, "1")]).await.unwrap();
    let first = take(&queue).pop().unwrap();
    drop(queue);
    let again = take(&open(folder.path(), &clock)).pop().unwrap();
    assert_eq!(again, first);
    assert_eq!(again.receive_count, 1);
}

#[tokio::test]
async fn a_retry_keeps_its_count_and_its_delay() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let queue = open(folder.path(), &clock);
    queue.send(vec![message(&clock, "1")]).await.unwrap();
    queue.settle(&take(&queue)[0], Verdict::RetryAfter(MINUTE));
    drop(queue);
    let queue = open(folder.path(), &clock);
    assert_eq!(take(&queue), []);
    clock.advance(MINUTE);
    assert_eq!(take(&queue)[0].receive_count, 2);
}

#[tokio::test]
async fn an_acknowledged_message_is_gone_and_its_id_is_never_used_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let queue = open(folder.path(), &clock);
    queue.send(vec![message(&clock, "1")]).await.unwrap();
    let first = take(&queue).pop().unwrap();
    queue.settle(&first, Verdict::Acknowledge);
    drop(queue);
    let queue = open(folder.path(), &clock);
    assert_eq!(take(&queue), []);
    queue.send(vec![message(&clock, "2")]).await.unwrap();
    assert_ne!(take(&queue)[0].message_id, first.message_id);
}

#[tokio::test]
async fn a_message_that_spent_its_receives_is_not_delivered_after_a_restart() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let queue = open(folder.path(), &clock);
    queue.send(vec![message(&clock, "1")]).await.unwrap();
    for _ in 0..8 {
        queue.settle(&take(&queue)[0], Verdict::RetryAfter(MINUTE));
        clock.advance(MINUTE);
    }
    drop(queue);
    let queue = open(folder.path(), &clock);
    assert_eq!(take(&queue), []);
    queue.flush().await.unwrap();
    assert_eq!(queue.list(&name(), None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn depths_tell_visible_delayed_in_flight_and_dead() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let queue = open(folder.path(), &clock);
    queue.send(vec![message(&clock, "dead")]).await.unwrap();
    for _ in 0..8 {
        queue.settle(&take(&queue)[0], Verdict::Fail);
    }
    queue
        .send(vec![message(&clock, "1"), message(&clock, "2")])
        .await
        .unwrap();
    let delay = 5 * MINUTE;
    let delayed = Outgoing {
        delay,
        ..message(&clock, "3")
    };
    queue.send(vec![delayed]).await.unwrap();
    assert_eq!(queue.try_receive(&name(), 1).unwrap().len(), 1);
    clock.advance(Duration::from_secs(7));
    let depth = Depth {
        queue: name(),
        visible: 1,
        in_flight: 1,
        delayed: 1,
        oldest: Some(Duration::from_secs(7)),
        dead_letters: 1,
    };
    assert_eq!(queue.depths(), std::slice::from_ref(&depth));
    let reader = SqliteQueue::new(Store::open_read_only(folder.path()).unwrap(), clock);
    let seen_from_outside = Depth {
        visible: 2,
        in_flight: 0,
        ..depth
    };
    assert_eq!(reader.depths(), [seen_from_outside]);
}
