//! Dead letters that are sent again.

use std::time::Duration;

use holdfast_engine::port::{Clock, Delivery, Queue, Verdict};

use super::subject::{Consumer, Subject, message, orders, receive_none, receive_one};

/// SQS moves a message to the dead letters when it would be received once more.
async fn kill(subject: &impl Subject) -> Delivery {
    loop {
        let delivery = receive_one(subject).await;
        subject.queue().settle(&delivery, Verdict::Fail).await;
        if delivery.last_receive {
            receive_none(subject).await;
            return delivery;
        }
    }
}

/// With a new `sent`, while `created` stays: that is how a redrive is told from an old copy.
pub async fn a_dead_letter_is_sent_again_under_a_new_id(subject: &impl Subject) {
    let message = message(subject.clock(), "again");
    subject.queue().send(vec![message]).await.unwrap();
    let dead = kill(subject).await;
    subject.pass(Duration::from_secs(1)).await;
    let redriven = subject.clock().now();
    assert_eq!(subject.queue().redrive(&orders()).await, 1);
    assert!(subject.queue().dead_letters(&orders()).await.is_empty());
    let delivery = receive_one(subject).await;
    assert_eq!(delivery.body, dead.body);
    assert_eq!(delivery.created, dead.created);
    assert!(delivery.sent >= redriven, "{delivery:?}");
    assert_ne!(delivery.message_id, dead.message_id);
}

/// Eight more.
pub async fn a_redriven_message_has_all_its_receives_again(subject: &impl Subject) {
    subject
        .queue()
        .send(vec![message(subject.clock(), "more")])
        .await
        .unwrap();
    kill(subject).await;
    subject.queue().redrive(&orders()).await;
    let delivery = receive_one(subject).await;
    assert_eq!(delivery.receive_count, 1);
    subject.queue().settle(&delivery, Verdict::Fail).await;
    assert_eq!(kill(subject).await.receive_count, 8);
    assert_eq!(subject.queue().dead_letters(&orders()).await.len(), 1);
}

/// Living messages stay where they are.
pub async fn a_redrive_of_nothing_moves_nothing(subject: &impl Subject) {
    assert_eq!(subject.queue().redrive(&orders()).await, 0);
    subject
        .queue()
        .send(vec![message(subject.clock(), "alive")])
        .await
        .unwrap();
    assert_eq!(subject.queue().redrive(&orders()).await, 0);
    receive_one(subject).await;
    receive_none(subject).await;
}
