//! Queues and the topic, as an operator reaches them: by the services' own APIs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName as System,
    QueueAttributeName as Attribute,
};
use holdfast_engine::port::QueueName;
use serde_json::{Value as Json, json};

use crate::{Stack, eventually};

/// Messages of one receive, as the service limits them.
const RECEIVE: i32 = 10;

/// A message of a dead-letter queue.
#[derive(Debug)]
pub struct Letter {
    /// The body.
    pub body: String,
    /// How often it was received, this time included.
    pub receives: u32,
    message: Message,
}

/// A queue that a topic's alerts go to.
#[derive(Debug)]
pub struct Subscription {
    url: String,
    arn: String,
}

impl Stack {
    fn queue(&self, function: &str) -> String {
        self.ports.config().queue_url(&QueueName::of(function))
    }

    fn dead_letters(&self, function: &str) -> String {
        self.ports
            .config()
            .dead_letter_url(&QueueName::of(function))
    }

    /// Sends a message to a function's queue, as somebody does who is not Holdfast.
    pub async fn send_raw(&self, function: &str, body: &str) {
        let send = self.sdk.sqs.send_message().queue_url(self.queue(function));
        send.message_body(body).send().await.unwrap();
    }

    /// How long a function's queue hides a message that is worked on, in seconds.
    pub async fn visibility(&self, function: &str) -> String {
        let asked = self.sdk.sqs.get_queue_attributes();
        let asked = asked
            .queue_url(self.queue(function))
            .attribute_names(Attribute::VisibilityTimeout);
        asked.send().await.unwrap().attributes.unwrap()[&Attribute::VisibilityTimeout].clone()
    }

    /// Changes how long it does.
    pub async fn hide_for(&self, function: &str, seconds: &str) {
        let set = self.sdk.sqs.set_queue_attributes();
        set.queue_url(self.queue(function))
            .attributes(Attribute::VisibilityTimeout, seconds)
            .send()
            .await
            .unwrap();
    }

    /// Waits until nothing waits in these functions' queues.
    pub async fn idle(&self, functions: &[&str]) {
        eventually("the queues are empty", async || {
            for function in functions {
                let names = [
                    Attribute::ApproximateNumberOfMessages,
                    Attribute::ApproximateNumberOfMessagesNotVisible,
                ];
                let asked = self.sdk.sqs.get_queue_attributes();
                let asked = asked
                    .queue_url(self.queue(function))
                    .set_attribute_names(Some(names.to_vec()));
                let told = asked.send().await.unwrap().attributes.unwrap();
                if names.iter().any(|name| told[name] != "0") {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }

    /// Waits for a dead letter of a function that speaks of something.
    pub async fn dead_letter(&self, function: &str, about: &str) -> Letter {
        let url = self.dead_letters(function);
        eventually(&format!("a dead letter of {function}"), async || {
            let received = receive(&self.sdk.sqs, &url).await;
            let found = received.into_iter();
            let mut found = found.filter(|message| message.body().unwrap().contains(about));
            let message = found.next()?;
            let system = message.attributes.as_ref().unwrap();
            Some(Letter {
                body: message.body().unwrap().to_owned(),
                receives: system[&System::ApproximateReceiveCount].parse().unwrap(),
                message,
            })
        })
        .await
    }

    /// Does with a dead letter what the console's redrive does: sends it to the queue that it
    /// came from with its attributes, then deletes it.
    pub async fn redrive(&self, function: &str, letter: Letter) {
        let Message {
            attributes,
            message_attributes,
            receipt_handle,
            ..
        } = letter.message;
        let group = attributes
            .unwrap_or_default()
            .remove(&System::MessageGroupId);
        let send = self.sdk.sqs.send_message().queue_url(self.queue(function));
        let send = send
            .message_body(letter.body)
            .set_message_attributes(message_attributes)
            .set_message_group_id(group);
        send.send().await.unwrap();
        let delete = self.sdk.sqs.delete_message();
        let delete = delete.queue_url(self.dead_letters(function));
        delete
            .set_receipt_handle(receipt_handle)
            .send()
            .await
            .unwrap();
    }

    /// Subscribes a new queue to the topic of alerts, which lets these severities through.
    pub async fn subscribe(&self, severities: Option<&[&str]>) -> Subscription {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("holdfast-alerts-{}-{number}", std::process::id());
        let sqs = &self.sdk.sqs;
        let made = sqs.create_queue().queue_name(name).send().await.unwrap();
        let url = made.queue_url.unwrap();
        let asked = sqs.get_queue_attributes().queue_url(&url);
        let asked = asked.attribute_names(Attribute::QueueArn).send().await;
        let queue = asked.unwrap().attributes.unwrap()[&Attribute::QueueArn].clone();
        let topic = &self.ports.config().alerts_topic;
        let allowed = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage", "Resource": queue,
            "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
        }] });
        let set = sqs.set_queue_attributes().queue_url(&url);
        let set = set.attributes(Attribute::Policy, allowed.to_string());
        set.send().await.unwrap();
        let mut subscribe = self.sdk.sns.subscribe().topic_arn(topic).protocol("sqs");
        subscribe = subscribe.attributes("RawMessageDelivery", "true");
        if let Some(severities) = severities {
            let policy = json!({ "severity": severities }).to_string();
            subscribe = subscribe.attributes("FilterPolicy", policy);
        }
        let subscribe = subscribe.endpoint(queue).return_subscription_arn(true);
        let arn = subscribe.send().await.unwrap().subscription_arn.unwrap();
        Subscription { url, arn }
    }

    /// The alerts that came to a queue since, each with its attributes.
    pub async fn alerts(
        &self,
        subscription: &Subscription,
    ) -> Vec<(Json, HashMap<String, String>)> {
        let mut alerts = Vec::new();
        loop {
            let messages = receive(&self.sdk.sqs, &subscription.url).await;
            if messages.is_empty() {
                return alerts;
            }
            for message in messages {
                let delete = self.sdk.sqs.delete_message().queue_url(&subscription.url);
                let delete = delete.set_receipt_handle(message.receipt_handle);
                delete.send().await.unwrap();
                let attributes = message.message_attributes.unwrap_or_default().into_iter();
                let text = |(name, value): (String, MessageAttributeValue)| {
                    (name, value.string_value.unwrap_or_default())
                };
                let body = serde_json::from_str(&message.body.unwrap()).unwrap();
                alerts.push((body, attributes.map(text).collect()));
            }
        }
    }

    /// Takes a subscription back, with its queue.
    pub async fn unsubscribe(&self, subscription: Subscription) {
        let Subscription { url, arn } = subscription;
        let sns = self.sdk.sns.unsubscribe().subscription_arn(arn);
        sns.send().await.unwrap();
        self.sdk
            .sqs
            .delete_queue()
            .queue_url(url)
            .send()
            .await
            .unwrap();
    }
}

async fn receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<Message> {
    let receive = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(RECEIVE)
        .visibility_timeout(1)
        .message_attribute_names("All")
        .message_system_attribute_names(System::All);
    receive.send().await.unwrap().messages.unwrap_or_default()
}
