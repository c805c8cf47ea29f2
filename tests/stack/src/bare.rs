//! Tables and queues without functions: what is sent waits until the test receives it.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_sqs::types::MessageSystemAttributeName;
use holdfast_aws::config::Tables;
use holdfast_aws::{AwsPorts, Config, Sdk};
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{Delivery, MessageId, QueueName};
use jiff::Timestamp;

use crate::meter::Meter;

/// Tables and queues of a name of their own; `close` removes them.
#[derive(Debug)]
pub struct Bare {
    /// The ports on them, metered.
    pub ports: Arc<AwsPorts>,
    /// What they count.
    pub meter: Meter,
    /// The clients behind them, not metered.
    pub sdk: Sdk,
    queues: Vec<QueueName>,
}

impl Bare {
    /// Makes tables and queues.
    pub async fn open(name: &str, tenant: &TenantName, queues: &[&str]) -> Self {
        let (sdk, meter) = (Sdk::of_person().await.unwrap(), Meter::default());
        let stack = format!("{name}-{}", std::process::id());
        let table = |name: &str| format!("{stack}-{name}");
        let tables = Tables {
            journal: table("journal"),
            claims: table("claims"),
            operations: table("operations"),
            definitions: table("definitions"),
            timers: table("timers"),
        };
        for name in all(&tables) {
            create(&sdk, name, *name == tables.operations).await;
        }
        let queues: Vec<_> = queues.iter().map(|name| QueueName::of(name)).collect();
        let mut prefix = String::new();
        for queue in &queues {
            let name = format!("{stack}-{queue}");
            let made = sdk
                .sqs
                .create_queue()
                .queue_name(name)
                .send()
                .await
                .unwrap();
            let url = made.queue_url.unwrap();
            url.trim_end_matches(queue.as_str()).clone_into(&mut prefix);
        }
        let config = Config {
            tables,
            alerts_topic: "arn:aws:sns:us-east-1:000000000000:none".to_owned(),
            queue_url_prefix: prefix,
            secrets_prefix: format!("/{stack}"),
            tenants: vec![tenant.clone()],
            public_url: None,
            alerts_slack_webhook: None,
            sandbox_url: None,
            stack,
        };
        let ports = AwsPorts::open(meter.on(&sdk), config).await.unwrap();
        Self {
            ports: Arc::new(ports),
            meter,
            sdk,
            queues,
        }
    }

    /// Receives up to ten messages, as the platform's poller does, and deletes them.
    pub async fn receive(&self, queue: &QueueName) -> Vec<Delivery> {
        let url = self.ports.config().queue_url(queue);
        let received = self
            .sdk
            .sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let messages = received.send().await.unwrap().messages.unwrap_or_default();
        let mut deliveries = Vec::new();
        for message in messages {
            let delete = self.sdk.sqs.delete_message().queue_url(&url);
            let receipt = message.receipt_handle.unwrap_or_default();
            delete.receipt_handle(receipt).send().await.unwrap();
            let attributes = message.message_attributes.unwrap_or_default();
            let millis = |text: &str| Timestamp::from_millisecond(text.parse().unwrap()).unwrap();
            let stamps = message.attributes.unwrap_or_default();
            let sent = millis(&stamps[&MessageSystemAttributeName::SentTimestamp]);
            let created = attributes["created"].string_value.as_deref().map(millis);
            deliveries.push(Delivery {
                queue: queue.clone(),
                message_id: MessageId(message.message_id.unwrap_or_default()),
                body: message.body.unwrap_or_default(),
                created: created.unwrap_or(sent),
                sent,
                receive_count: 1,
                last_receive: false,
            });
        }
        deliveries
    }

    /// Removes tables and queues.
    pub async fn close(self) {
        for name in all(&self.ports.config().tables) {
            let delete = self.sdk.dynamo.delete_table().table_name(name);
            delete.send().await.unwrap();
        }
        for queue in &self.queues {
            let url = self.ports.config().queue_url(queue);
            self.sdk
                .sqs
                .delete_queue()
                .queue_url(url)
                .send()
                .await
                .unwrap();
        }
    }
}

fn all(tables: &Tables) -> [&String; 5] {
    [
        &tables.journal,
        &tables.claims,
        &tables.operations,
        &tables.definitions,
        &tables.timers,
    ]
}

/// As `infra/tables.yaml` has them, without the stream.
async fn create(sdk: &Sdk, name: &str, indexed: bool) {
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind: KeyType| {
        let key = KeySchemaElement::builder().attribute_name(name);
        key.key_type(kind).build().unwrap()
    };
    let mut table = sdk
        .dynamo
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("sk"))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range));
    if indexed {
        let all = Projection::builder().projection_type(ProjectionType::All);
        let index = GlobalSecondaryIndex::builder()
            .index_name("open")
            .key_schema(key("open", KeyType::Hash))
            .key_schema(key("pk", KeyType::Range))
            .projection(all.build());
        table = table
            .attribute_definitions(attribute("open"))
            .global_secondary_indexes(index.build().unwrap());
    }
    table.send().await.unwrap();
}
