//! Tables and queues of one sentence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamSpecification, StreamViewType, TableStatus,
};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use holdfast_aws::config::Tables;
use holdfast_aws::sqs::MAX_RECEIVE_COUNT;
use holdfast_aws::{Config, Sdk};
use holdfast_stack_tests::eventually;
use serde_json::json;

/// How long these queues hide a message that is worked on.
pub(crate) const VISIBILITY: Duration = Duration::from_secs(2);

/// The queues that sentences speak of.
const QUEUES: [&str; 2] = ["update-record", "send-sms"];

/// Which parts of a stack a sentence needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parts {
    Tables,
    All,
}

/// What was made for one sentence. It is deleted when the sentence ends, however that is.
pub(crate) struct Made {
    pub(crate) config: Arc<Config>,
    tables: Vec<String>,
    queues: Vec<String>,
}

impl Made {
    pub(crate) async fn new(sdk: &Sdk, parts: Parts) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("holdfast-contract-{}-{number}", std::process::id());
        let mut config = config(&name);
        let (mut tables, mut queues) = (Vec::new(), Vec::new());
        let Tables {
            journal,
            claims,
            operations,
            timers,
            ..
        } = config.tables.clone();
        for table in [journal, claims, operations, timers] {
            create_table(sdk, &table).await;
            tables.push(table);
        }
        if parts == Parts::All {
            for queue in QUEUES {
                let urls = create_queue(sdk, &format!("{name}-{queue}")).await;
                let prefix = urls[1].strip_suffix(queue).unwrap();
                config.queue_url_prefix = prefix.to_owned();
                queues.extend(urls);
            }
        }
        Self {
            config: Arc::new(config),
            tables,
            queues,
        }
    }
}

/// The URLs of a new dead-letter queue and of the queue before it, as the template has them.
async fn create_queue(sdk: &Sdk, name: &str) -> [String; 2] {
    let dead = sdk.sqs.create_queue().queue_name(format!("{name}-dlq"));
    let dead = dead.send().await.unwrap().queue_url.unwrap();
    let asked = sdk.sqs.get_queue_attributes().queue_url(&dead);
    let asked = asked.attribute_names(Attribute::QueueArn).send().await;
    let arn = asked.unwrap().attributes.unwrap()[&Attribute::QueueArn].clone();
    let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVE_COUNT });
    let live = sdk
        .sqs
        .create_queue()
        .queue_name(name)
        .attributes(
            Attribute::VisibilityTimeout,
            VISIBILITY.as_secs().to_string(),
        )
        .attributes(Attribute::RedrivePolicy, policy.to_string());
    [dead, live.send().await.unwrap().queue_url.unwrap()]
}

impl Drop for Made {
    fn drop(&mut self) {
        let (tables, queues) = (
            std::mem::take(&mut self.tables),
            std::mem::take(&mut self.queues),
        );
        let deleted = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let sdk = Sdk::of_person().await.unwrap();
                for table in tables {
                    sdk.dynamo
                        .delete_table()
                        .table_name(table)
                        .send()
                        .await
                        .unwrap();
                }
                for queue in queues {
                    sdk.sqs
                        .delete_queue()
                        .queue_url(queue)
                        .send()
                        .await
                        .unwrap();
                }
            });
        });
        if deleted.join().is_err() {
            eprintln!("what a sentence made is not deleted");
        }
    }
}

/// A stack of this name; whatever the sentences do not reach has no name.
fn config(name: &str) -> Config {
    let table = |table: &str| format!("{name}-{table}");
    Config {
        stack: name.to_owned(),
        tables: Tables {
            journal: table("journal"),
            claims: table("claims"),
            operations: table("operations"),
            definitions: table("definitions"),
            timers: table("timers"),
        },
        alerts_topic: String::new(),
        queue_url_prefix: String::new(),
        secrets_prefix: String::new(),
        tenants: Vec::new(),
        public_url: None,
        alerts_slack_webhook: None,
        sandbox_url: None,
    }
}

async fn create_table(sdk: &Sdk, name: &str) {
    let mut create = sdk
        .dynamo
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder()
            .attribute_name(key)
            .attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder()
            .attribute_name(key)
            .key_type(kind);
        create = create
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(element.build().unwrap());
    }
    if name.ends_with("-journal") {
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages);
        create = create.stream_specification(stream.build().unwrap());
    }
    create.send().await.unwrap();
    eventually("the table is active", async || {
        let told = sdk.dynamo.describe_table().table_name(name).send().await;
        let status = told.unwrap().table.unwrap().table_status;
        (status == Some(TableStatus::Active)).then_some(())
    })
    .await;
}
