//! Messages that wait longer than a queue's delay allows.

use std::time::Duration;

use holdfast_engine::port::{Clock, Outgoing, Timer, Timers};

use super::queue::almost;
use super::subject::{Consumer, Subject, message, orders, receive_one, tenant};

const HOUR: Duration = Duration::from_hours(1);

fn timer(subject: &impl Subject, id: &str, after: Duration) -> Timer {
    Timer {
        due: subject.clock().now() + after,
        id: id.to_owned(),
        message: message(subject.clock(), id),
    }
}

/// Not before, and with `created` stamped when it fires.
pub async fn a_timer_sends_its_message_when_it_is_due(subject: &impl Subject) {
    let timer = timer(subject, "reminder", HOUR);
    subject.timers().arm(timer.clone()).await.unwrap();
    almost(subject, HOUR).await;
    let delivery = receive_one(subject).await;
    assert_eq!(delivery.body, timer.message.body);
    assert!(delivery.created >= timer.due, "{delivery:?}");
}

/// Identity is tenant, due time and id.
pub async fn arming_twice_is_arming_once(subject: &impl Subject) {
    let timer = timer(subject, "twice", HOUR);
    subject.timers().arm(timer.clone()).await.unwrap();
    subject.timers().arm(timer).await.unwrap();
    subject.pass(HOUR).await;
    receive_one(subject).await;
}

/// Same id, same time.
pub async fn timers_of_different_tenants_are_apart(subject: &impl Subject) {
    let mine = timer(subject, "both", HOUR);
    let message = Outgoing {
        tenant: tenant("other"),
        ..mine.message.clone()
    };
    let theirs = Timer {
        message,
        ..mine.clone()
    };
    subject.timers().arm(mine).await.unwrap();
    subject.timers().arm(theirs).await.unwrap();
    subject.pass(HOUR).await;
    assert_eq!(subject.queue().receive(&orders(), 10).await.len(), 2);
}

/// A process that was down for a day fires what fell due meanwhile.
pub async fn an_overdue_timer_fires_however_late(subject: &impl Subject) {
    let timer = timer(subject, "late", HOUR);
    subject.timers().arm(timer).await.unwrap();
    subject.pass(24 * HOUR).await;
    receive_one(subject).await;
}
