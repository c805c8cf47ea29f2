//! The consuming side of SQS, which in a stack is Lambda's.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as System};
use holdfast_aws::Sdk;
use holdfast_aws::sqs::{MAX_RECEIVE_COUNT, SqsDeadLetters, SqsQueue, Steps};
use holdfast_embedded::clock::VirtualClock;
use holdfast_engine::port::{
    DeadLetters, Delivery, MessageId, Outgoing, PortError, Queue, QueueName, Redrive, Verdict,
};
use holdfast_tests::contract::subject::Consumer;
use jiff::Timestamp;

use crate::feed::Feed;
use crate::made::Made;

/// Messages of one receive, as the service limits them.
const RECEIVE: i32 = 10;

pub(crate) struct Queues {
    sqs: aws_sdk_sqs::Client,
    queue: SqsQueue,
    dead_letters: SqsDeadLetters<VirtualClock>,
    url_prefix: String,
    feed: Feed,
    /// By message and receive: a stale receive keeps its receipt.
    receipts: Mutex<BTreeMap<(String, u32), String>>,
}

impl Queues {
    pub(crate) async fn new(sdk: &Sdk, queue: SqsQueue, made: &Made, clock: VirtualClock) -> Self {
        let config = made.config.clone();
        let client = sdk.sqs.clone();
        Self {
            feed: Feed::new(&config.tables.journal).await,
            url_prefix: config.queue_url_prefix.clone(),
            dead_letters: SqsDeadLetters::new(client, config, Steps::default(), clock),
            sqs: sdk.sqs.clone(),
            queue,
            receipts: Mutex::default(),
        }
    }

    async fn receive_some(&self, queue: &QueueName, max: i32) -> Vec<Message> {
        let received = self
            .sqs
            .receive_message()
            .queue_url(format!("{}{queue}", self.url_prefix))
            .max_number_of_messages(max.min(RECEIVE))
            .message_attribute_names("All")
            .message_system_attribute_names(System::All);
        received.send().await.unwrap().messages.unwrap_or_default()
    }

    fn delivery(&self, queue: &QueueName, message: Message) -> Delivery {
        let system = message.attributes.unwrap_or_default();
        let number = |name: System| system[&name].parse::<i64>().unwrap();
        let receive_count = u32::try_from(number(System::ApproximateReceiveCount)).unwrap();
        let attributes = message.message_attributes.unwrap_or_default();
        let created = attributes["created"].string_value.as_ref().unwrap();
        let id = message.message_id.unwrap();
        let receipt = message.receipt_handle.unwrap();
        let mut receipts = self.receipts.lock().unwrap();
        receipts.insert((id.clone(), receive_count), receipt);
        let time = |millis| Timestamp::from_millisecond(millis).unwrap();
        Delivery {
            queue: queue.clone(),
            message_id: MessageId(id),
            body: message.body.unwrap(),
            created: time(created.parse().unwrap()),
            sent: time(number(System::SentTimestamp)),
            receive_count,
            last_receive: receive_count >= MAX_RECEIVE_COUNT,
        }
    }

    async fn hide(&self, url: &str, receipt: &str, seconds: i32) {
        let hide = self.sqs.change_message_visibility().queue_url(url);
        let hide = hide.receipt_handle(receipt).visibility_timeout(seconds);
        if let Err(error) = hide.send().await {
            println!("as the glue, which only logs it: {error:?}");
        }
    }
}

impl Queue for Queues {
    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        self.queue.send(messages).await
    }
}

impl Consumer for Queues {
    async fn receive(&self, queue: &QueueName, max: usize) -> Vec<Delivery> {
        if queue.as_str() == "watch-records" {
            return self.feed.changes().await;
        }
        let max = i32::try_from(max).unwrap();
        let messages = self.receive_some(queue, max).await;
        let deliveries = messages.into_iter();
        deliveries
            .map(|message| self.delivery(queue, message))
            .collect()
    }

    async fn settle(&self, delivery: &Delivery, verdict: Verdict) {
        let key = (delivery.message_id.0.clone(), delivery.receive_count);
        let receipt = self.receipts.lock().unwrap().get(&key).cloned();
        // A change of the stream is done with when it was read.
        let Some(receipt) = receipt else { return };
        let url = format!("{}{}", self.url_prefix, delivery.queue);
        match verdict {
            Verdict::Acknowledge => {
                let delete = self.sqs.delete_message().queue_url(url);
                delete.receipt_handle(receipt).send().await.unwrap();
            }
            Verdict::RetryAfter(delay) => {
                let seconds = delay.as_millis().div_ceil(1000);
                self.hide(&url, &receipt, i32::try_from(seconds).unwrap())
                    .await;
            }
            Verdict::Fail => self.hide(&url, &receipt, 0).await,
        }
    }

    async fn dead_letters(&self, queue: &QueueName) -> Vec<String> {
        let letters = self.dead_letters.list(queue, None, 100).await.unwrap();
        letters.into_iter().map(|letter| letter.body).collect()
    }

    async fn redrive(&self, queue: &QueueName) -> usize {
        self.dead_letters
            .redrive(queue, Redrive::All)
            .await
            .unwrap()
    }
}
