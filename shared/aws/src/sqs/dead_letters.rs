//! Dead letters. A queue cannot be read, only received from: each look hides what it saw for a
//! moment, and none deletes but a redrive.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::receive_message::builders::ReceiveMessageFluentBuilder;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as Attribute, QueueAttributeName};
use holdfast_engine::name::FunctionName;
use holdfast_engine::port::{
    Clock, DeadLetter, DeadLetters, MessageId, PortError, QueueName, Redrive,
};
use jiff::Timestamp;

use super::message::{created, millis, tenant};
use crate::config::Config;
use crate::error::port;

/// Messages of one receive, as the service limits them.
const RECEIVE: usize = 10;

/// How long a look hides what it saw, in seconds: longer than it takes, shorter than a person
/// waits.
const HIDDEN: i32 = 20;

/// The functions without a step that have a queue, and so dead letters.
const PLAIN: [&str; 5] = [
    "handle-error",
    "notify-oncall",
    "route-event",
    "run-timers",
    "watch-records",
];

/// The step functions that published definitions may use: each has a queue. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Steps(Arc<RwLock<BTreeSet<FunctionName>>>);

impl Steps {
    /// Adds step functions.
    pub fn extend(&self, names: impl IntoIterator<Item = FunctionName>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(names);
    }

    /// The queues of a stack, in the order of their names.
    #[must_use]
    pub fn queues(&self) -> Vec<QueueName> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let steps = known.iter().map(|name| QueueName::of(name.as_str()));
        let mut queues: Vec<_> = PLAIN.into_iter().map(QueueName::of).chain(steps).collect();
        queues.sort();
        queues
    }
}

/// The dead-letter queues of a stack.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters<C> {
    client: Client,
    config: Arc<Config>,
    steps: Steps,
    clock: C,
}

impl<C: Clock> SqsDeadLetters<C> {
    /// The dead-letter queues of this stack.
    pub fn new(client: Client, config: Arc<Config>, steps: Steps, clock: C) -> Self {
        Self {
            client,
            config,
            steps,
            clock,
        }
    }

    fn receive(&self, url: &str, most: usize) -> ReceiveMessageFluentBuilder {
        self.client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(most.clamp(1, RECEIVE)).unwrap_or(1))
            .visibility_timeout(HIDDEN)
            .message_attribute_names("All")
            .message_system_attribute_names(Attribute::SentTimestamp)
            .message_system_attribute_names(Attribute::ApproximateReceiveCount)
            .message_system_attribute_names(Attribute::MessageGroupId)
    }

    /// Receives up to `limit` dead letters that are visible now.
    async fn visible(&self, url: &str, limit: usize) -> Result<Vec<Message>, PortError> {
        let mut found: Vec<Message> = Vec::new();
        while found.len() < limit {
            let received = self.receive(url, limit - found.len()).send().await;
            let messages = match received {
                Ok(answer) => answer.messages.unwrap_or_default(),
                Err(error) if is_missing(&error) => return Ok(found),
                Err(error) => return Err(port(&error)),
            };
            if messages.is_empty() {
                return Ok(found);
            }
            for message in messages {
                if found.iter().all(|one| one.message_id != message.message_id) {
                    found.push(message);
                }
            }
        }
        Ok(found)
    }

    async fn look(&self, queue: &QueueName, limit: usize) -> Result<Vec<DeadLetter>, PortError> {
        let url = self.config.dead_letter_url(queue);
        let now = self.clock.now();
        let messages = self.visible(&url, limit).await?;
        Ok(messages
            .iter()
            .map(|message| letter(message, now))
            .collect())
    }

    /// Sends one message to its queue again, then deletes it here.
    async fn move_one(&self, queue: &QueueName, message: &Message) -> Result<(), PortError> {
        let group = system(message, &Attribute::MessageGroupId);
        let send = self
            .client
            .send_message()
            .queue_url(self.config.queue_url(queue))
            .message_body(message.body().unwrap_or_default())
            .set_message_attributes(message.message_attributes.clone())
            .set_message_group_id(group.map(str::to_owned));
        send.send().await.map_err(|error| port(&error))?;
        let delete = self
            .client
            .delete_message()
            .queue_url(self.config.dead_letter_url(queue))
            .receipt_handle(message.receipt_handle().unwrap_or_default());
        delete.send().await.map(drop).map_err(|error| port(&error))
    }

    async fn redrive_one(&self, queue: &QueueName, id: &MessageId) -> Result<usize, PortError> {
        let url = self.config.dead_letter_url(queue);
        let mut moved = 0;
        loop {
            let seen = self.visible(&url, RECEIVE).await?;
            if seen.is_empty() {
                return Ok(moved);
            }
            for message in &seen {
                if message.message_id() == Some(id.0.as_str()) {
                    self.move_one(queue, message).await?;
                    moved += 1;
                }
            }
            self.show_again(&url, &seen).await;
            if moved > 0 {
                return Ok(moved);
            }
        }
    }

    /// What was only looked at is visible again at once, as far as that succeeds.
    async fn show_again(&self, url: &str, seen: &[Message]) {
        for message in seen {
            let show = self
                .client
                .change_message_visibility()
                .queue_url(url)
                .receipt_handle(message.receipt_handle().unwrap_or_default())
                .visibility_timeout(0);
            if let Err(error) = show.send().await {
                tracing::debug!(
                    code = error.code(),
                    "a dead letter stays hidden for a moment"
                );
            }
        }
    }

    /// The queue's own redrive where there is one, else one by one.
    async fn redrive_all(&self, queue: &QueueName) -> Result<usize, PortError> {
        let url = self.config.dead_letter_url(queue);
        let (arn, waiting) = self.arn_and_depth(&url).await?;
        if waiting == 0 {
            return Ok(0);
        }
        let task = self.client.start_message_move_task().source_arn(arn);
        match task.send().await {
            Ok(_) => Ok(waiting),
            Err(error) if is_unknown_action(&error) => {
                let mut moved = 0;
                loop {
                    let seen = self.visible(&url, RECEIVE).await?;
                    if seen.is_empty() {
                        return Ok(moved);
                    }
                    for message in &seen {
                        self.move_one(queue, message).await?;
                        moved += 1;
                    }
                }
            }
            Err(error) => Err(port(&error)),
        }
    }

    async fn arn_and_depth(&self, url: &str) -> Result<(String, usize), PortError> {
        let asked = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::QueueArn)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages);
        let answer = asked.send().await.map_err(|error| port(&error))?;
        let attribute = |name| {
            let attributes = answer.attributes();
            attributes.and_then(|all| all.get(&name)).cloned()
        };
        let arn = attribute(QueueAttributeName::QueueArn).unwrap_or_default();
        let depth = attribute(QueueAttributeName::ApproximateNumberOfMessages);
        Ok((arn, depth.and_then(|text| text.parse().ok()).unwrap_or(0)))
    }
}

impl<C: Clock> DeadLetters for SqsDeadLetters<C> {
    fn queues(&self) -> Vec<QueueName> {
        self.steps.queues()
    }

    /// What a look before this one hid is not seen, so pages follow each other whatever `after`
    /// says.
    async fn list(
        &self,
        queue: &QueueName,
        _after: Option<&MessageId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, PortError> {
        self.look(queue, limit).await
    }

    async fn arrived(
        &self,
        queue: &QueueName,
        _after: (Timestamp, &MessageId),
        limit: usize,
    ) -> Result<Vec<DeadLetter>, PortError> {
        self.look(queue, limit).await
    }

    async fn redrive(&self, queue: &QueueName, which: Redrive) -> Result<usize, PortError> {
        match which {
            Redrive::All => self.redrive_all(queue).await,
            Redrive::One(id) => self.redrive_one(queue, &id).await,
        }
    }
}

fn letter(message: &Message, now: Timestamp) -> DeadLetter {
    let attributes = message.message_attributes.as_ref();
    let sent = millis(system(message, &Attribute::SentTimestamp)).unwrap_or(now);
    let receives = system(message, &Attribute::ApproximateReceiveCount);
    DeadLetter {
        id: MessageId(message.message_id().unwrap_or_default().to_owned()),
        tenant: tenant(attributes),
        created: millis(created(attributes).as_deref()).unwrap_or(sent),
        sent,
        receives: receives.and_then(|text| text.parse().ok()).unwrap_or(0),
        dead_at: now,
        body: message.body().unwrap_or_default().to_owned(),
    }
}

fn system<'a>(message: &'a Message, name: &Attribute) -> Option<&'a str> {
    message.attributes()?.get(name).map(String::as_str)
}

/// A function that is not deployed has no queue; one whose queue is not this process's to read is
/// the template's mistake, and holds up no other.
fn is_missing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| {
        tracing::warn!(code, "a dead-letter queue cannot be read");
        [
            "NonExistentQueue",
            "QueueDoesNotExist",
            "AccessDenied",
            "AccessDeniedException",
        ]
        .iter()
        .any(|known| code.ends_with(known))
    })
}

/// Local stacks do not know every action.
fn is_unknown_action<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| {
        [
            "InvalidAction",
            "UnknownOperationException",
            "UnsupportedOperation",
            "NotImplemented",
        ]
        .iter()
        .any(|known| code.ends_with(known))
    })
}
