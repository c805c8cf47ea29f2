//! Receivers that wait: who is woken, and when.

use std::time::Duration;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Clock, Delivery, Outgoing, Queue, QueueName, Verdict};
use tempfile::TempDir;

use super::{QueueSettings, SqliteQueue};
use crate::clock::VirtualClock;
use crate::store::Store;

const MINUTE: Duration = Duration::from_mins(1);

fn open() -> (SqliteQueue<VirtualClock>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let clock = VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap());
    let queue = SqliteQueue::new(Store::open(folder.path()).unwrap(), clock);
    (queue, folder)
}

fn name() -> QueueName {
    QueueName::of("send-sms")
}

async fn send(queue: &SqliteQueue<VirtualClock>, delay: Duration) {
    let message = Outgoing {
        queue: name(),
        body: "1".to_owned(),
        delay,
        tenant: TenantName::new("demo").unwrap(),
        created: queue.clock.now(),
    };
    queue.send(vec![message]).await.unwrap();
}

async fn receive(queue: &SqliteQueue<VirtualClock>) -> Delivery {
    queue.receive(&name(), 1).await.unwrap().pop().unwrap()
}

/// Lets the other futures of a `join!` run until they wait.
async fn yield_now() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_send_wakes_each_waiting_receiver() {
    let (queue, _folder) = open();
    let (first, second, ()) = tokio::join!(receive(&queue), receive(&queue), async {
        yield_now().await;
        send(&queue, Duration::ZERO).await;
        send(&queue, Duration::ZERO).await;
    });
    assert_ne!(first.message_id, second.message_id);
}

#[tokio::test]
async fn a_receiver_wakes_when_a_delay_ends() {
    let (queue, _folder) = open();
    let (delivery, ()) = tokio::join!(receive(&queue), async {
        yield_now().await;
        send(&queue, MINUTE).await;
        yield_now().await;
        queue.clock.advance(MINUTE / 2);
        yield_now().await;
        queue.clock.advance(MINUTE / 2);
    });
    assert_eq!(delivery.sent + MINUTE, queue.clock.now());
}

#[tokio::test]
async fn a_receiver_wakes_when_anothers_visibility_ends() {
    let (queue, _folder) = open();
    queue.configure(
        &name(),
        QueueSettings {
            visibility: MINUTE,
            ..QueueSettings::default()
        },
    );
    send(&queue, Duration::ZERO).await;
    let lost = receive(&queue).await;
    let (again, ()) = tokio::join!(receive(&queue), async {
        yield_now().await;
        queue.clock.advance(MINUTE);
    });
    assert_eq!(again.message_id, lost.message_id);
    assert_eq!(again.receive_count, 2);
}

#[tokio::test]
async fn a_receiver_that_gives_up_takes_nothing_with_it() {
    let (queue, _folder) = open();
    tokio::select! {
        biased;
        _ = receive(&queue) => panic!("nothing was sent"),
        () = yield_now() => {}
    }
    send(&queue, Duration::ZERO).await;
    assert_eq!(receive(&queue).await.receive_count, 1);
}

#[tokio::test]
async fn quiet_is_when_nothing_is_visible_delayed_or_in_flight() {
    let (queue, _folder) = open();
    assert!(queue.is_quiet());
    send(&queue, MINUTE).await;
    assert!(!queue.is_quiet());
    queue.clock.advance(MINUTE);
    let delivery = receive(&queue).await;
    assert!(!queue.is_quiet());
    tokio::join!(queue.until_quiet(), async {
        yield_now().await;
        queue.settle(&delivery, Verdict::Acknowledge);
    });
    assert!(queue.is_quiet());
}
