//! What SQS answers, and what the port says of it.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Outgoing, PortError, Queue, QueueName};
use jiff::Timestamp;
use serde_json::json;

use super::SqsQueue;
use crate::config::Config;
use crate::script::Answer::{Done, Refused};
use crate::script::Script;

fn queue(script: &Script) -> SqsQueue {
    let variable = |name: &str| {
        Some(match name {
            "QUEUE_URL_PREFIX" => "https://sqs.us-east-1.amazonaws.com/1/stack-".to_owned(),
            "TENANTS" => "demo".to_owned(),
            other => other.to_lowercase(),
        })
    };
    let config = Config::from_variables(variable).unwrap();
    SqsQueue::new(script.sdk().sqs, Arc::new(config))
}

fn messages(count: usize) -> Vec<Outgoing> {
    let message = |number| Outgoing {
        queue: QueueName::of("send-sms"),
        body: format!("{number}"),
        delay: Duration::ZERO,
        tenant: TenantName::new("demo").unwrap(),
        created: Timestamp::UNIX_EPOCH,
    };
    (0..count).map(message).collect()
}

#[tokio::test]
async fn a_batch_that_was_sent_in_part_is_not_sent() {
    let sent = json!({ "Id": "0", "MessageId": "m", "MD5OfMessageBody": "cfcd208495d565ef66e7dff9f98764da" });
    let failed =
        json!({ "Id": "1", "SenderFault": false, "Code": "InternalError", "Message": "no" });
    let answer = json!({ "Successful": [sent], "Failed": [failed] });
    let script = Script::new([Done(answer)]);
    let error = queue(&script).send(messages(2)).await.unwrap_err();
    assert_eq!(
        error,
        PortError::Unavailable("InternalError: no".to_owned())
    );
    assert_eq!(script.actions(), ["SendMessageBatch"]);
}

#[tokio::test]
async fn a_throttled_batch_is_repeated_and_then_given_up() {
    let throttled = || Refused("ThrottlingException", json!({ "message": "slow down" }));
    let sent = Done(json!({ "Successful": [], "Failed": [] }));
    let script = Script::new([throttled(), sent]);
    assert_eq!(queue(&script).send(messages(1)).await, Ok(()));
    let script = Script::new([throttled(), throttled(), throttled()]);
    let given_up = queue(&script).send(messages(1)).await;
    assert_eq!(given_up, Err(PortError::Throttled));
    assert_eq!(script.actions().len(), 3);
}
