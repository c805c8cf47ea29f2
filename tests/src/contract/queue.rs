//! Delivery: at least once, hidden while worked on, counted, and dead after too many receives.

use std::time::Duration;

use holdfast_engine::port::{Clock, MAX_DELAY, Outgoing, PortError, Queue, QueueName, Verdict};

use super::subject::{Consumer, Subject, message, orders, receive_none, receive_one, tenant};

const SECOND: Duration = Duration::from_secs(1);

async fn send(subject: &impl Subject, body: &str) -> Outgoing {
    let message = message(subject.clock(), body);
    let sent = subject.queue().send(vec![message.clone()]).await;
    sent.unwrap();
    message
}

/// Lets this time pass, and shows that nothing is visible until its last moment is over.
pub(super) async fn almost(subject: &impl Subject, duration: Duration) {
    let moment = subject.moment(duration);
    subject.pass(duration.saturating_sub(moment)).await;
    receive_none(subject).await;
    subject.pass(moment).await;
}

/// Body, `created` by our code, `sent` by the queue.
pub async fn a_sent_message_is_received_with_its_stamps(subject: &impl Subject) {
    let created = subject.clock().now();
    let message = message(subject.clock(), "stamped");
    subject.pass(SECOND).await;
    subject.queue().send(vec![message.clone()]).await.unwrap();
    let delivery = receive_one(subject).await;
    assert_eq!(delivery.body, message.body);
    assert_eq!(delivery.queue, orders());
    assert_eq!(delivery.created, created);
    assert!(delivery.sent > created, "{delivery:?}");
    assert_eq!((delivery.receive_count, delivery.last_receive), (1, false));
}

/// Acknowledged is deleted.
pub async fn an_acknowledged_message_never_comes_again(subject: &impl Subject) {
    send(subject, "acknowledged").await;
    let delivery = receive_one(subject).await;
    subject
        .queue()
        .settle(&delivery, Verdict::Acknowledge)
        .await;
    subject.pass(2 * subject.visibility()).await;
    receive_none(subject).await;
    assert!(subject.queue().dead_letters(&orders()).await.is_empty());
}

/// Nobody else gets it meanwhile.
pub async fn a_message_in_flight_is_hidden_until_its_visibility_ends(subject: &impl Subject) {
    send(subject, "hidden").await;
    let first = receive_one(subject).await;
    receive_none(subject).await;
    almost(subject, subject.visibility()).await;
    let second = receive_one(subject).await;
    assert_eq!(second.message_id, first.message_id);
}

/// A handler that never answers spends receives.
pub async fn an_expired_receive_was_counted(subject: &impl Subject) {
    send(subject, "expired").await;
    for count in 1..=8 {
        let delivery = receive_one(subject).await;
        assert_eq!(delivery.receive_count, count);
        subject.pass(subject.visibility()).await;
    }
    receive_none(subject).await;
    assert_eq!(
        subject.queue().dead_letters(&orders()).await,
        [r#"{"is":"expired"}"#]
    );
}

/// Up to the longest delay.
pub async fn a_delayed_message_is_hidden_until_its_time(subject: &impl Subject) {
    let message = Outgoing {
        delay: subject.delay(),
        ..message(subject.clock(), "delayed")
    };
    subject.queue().send(vec![message]).await.unwrap();
    receive_none(subject).await;
    almost(subject, subject.delay()).await;
    assert_eq!(receive_one(subject).await.receive_count, 1);
}

/// The ladder's delay, not the visibility.
pub async fn a_retried_message_is_hidden_for_its_delay_and_keeps_its_count(subject: &impl Subject) {
    send(subject, "retried").await;
    for (count, delay) in (1..).zip(subject.retries()) {
        let delivery = receive_one(subject).await;
        assert_eq!(delivery.receive_count, count);
        subject
            .queue()
            .settle(&delivery, Verdict::RetryAfter(delay))
            .await;
        almost(subject, delay).await;
    }
    assert_eq!(receive_one(subject).await.receive_count, 3);
}

/// Without waiting for the visibility.
pub async fn a_failed_message_comes_again_at_once(subject: &impl Subject) {
    send(subject, "failed").await;
    let delivery = receive_one(subject).await;
    subject.queue().settle(&delivery, Verdict::Fail).await;
    assert_eq!(receive_one(subject).await.receive_count, 2);
}

/// And announced as such.
pub async fn the_eighth_receive_is_the_last(subject: &impl Subject) {
    send(subject, "dead").await;
    for count in 1..=8 {
        assert!(subject.queue().dead_letters(&orders()).await.is_empty());
        let delivery = receive_one(subject).await;
        assert_eq!(
            (delivery.receive_count, delivery.last_receive),
            (count, count == 8)
        );
        subject.queue().settle(&delivery, Verdict::Fail).await;
    }
    receive_none(subject).await;
    assert_eq!(
        subject.queue().dead_letters(&orders()).await,
        [r#"{"is":"dead"}"#]
    );
    subject.pass(2 * subject.visibility()).await;
    receive_none(subject).await;
}

/// Not before, so that whoever looks finds it waiting.
pub async fn a_retry_after_the_last_receive_dies_when_its_delay_ends(subject: &impl Subject) {
    send(subject, "late").await;
    for _ in 1..=7 {
        let delivery = receive_one(subject).await;
        subject.queue().settle(&delivery, Verdict::Fail).await;
    }
    let delivery = receive_one(subject).await;
    subject
        .queue()
        .settle(&delivery, Verdict::RetryAfter(SECOND))
        .await;
    assert!(subject.queue().dead_letters(&orders()).await.is_empty());
    subject.pass(SECOND).await;
    receive_none(subject).await;
    assert_eq!(subject.queue().dead_letters(&orders()).await.len(), 1);
}

/// Who held the message too long has no say in who holds it now.
pub async fn a_stale_verdict_changes_nothing(subject: &impl Subject) {
    send(subject, "stale").await;
    let stale = receive_one(subject).await;
    subject.pass(subject.visibility()).await;
    let current = receive_one(subject).await;
    subject.queue().settle(&stale, Verdict::Fail).await;
    receive_none(subject).await;
    subject.queue().settle(&current, Verdict::Fail).await;
    assert_eq!(receive_one(subject).await.receive_count, 3);
}

/// And so is a delay over the limit.
pub async fn a_message_over_the_limit_is_refused(subject: &impl Subject) {
    let large = Outgoing {
        body: format!("\"{}\"", "x".repeat(1024 * 1024)),
        ..message(subject.clock(), "")
    };
    let late = Outgoing {
        delay: MAX_DELAY + SECOND,
        ..message(subject.clock(), "late")
    };
    for refused in [large, late] {
        let sent = subject.queue().send(vec![refused]).await;
        assert_eq!(sent, Err(PortError::TooLarge));
    }
    receive_none(subject).await;
}

/// One tenant's flood does not delay another's message.
pub async fn tenants_take_turns(subject: &impl Subject) {
    let mut messages: Vec<_> = (0..50)
        .map(|n| message(subject.clock(), &format!("loud {n}")))
        .collect();
    messages.push(Outgoing {
        tenant: tenant("quiet"),
        ..message(subject.clock(), "quiet")
    });
    subject.queue().send(messages).await.unwrap();
    let received = subject.queue().receive(&orders(), 10).await;
    let bodies: Vec<_> = received.into_iter().map(|delivery| delivery.body).collect();
    assert!(
        bodies.contains(&r#"{"is":"quiet"}"#.to_owned()),
        "{bodies:?}"
    );
}

/// A message reaches its own queue alone.
pub async fn queues_are_apart(subject: &impl Subject) {
    send(subject, "mine").await;
    let other = subject
        .queue()
        .receive(&QueueName::of("send-sms"), 10)
        .await;
    assert_eq!(other, []);
    receive_one(subject).await;
}
