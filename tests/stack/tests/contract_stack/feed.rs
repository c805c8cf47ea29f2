//! The change feed of a table: its stream, read as Lambda reads it, through the glue that a
//! function's records go through.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{
    AttributeValue, OperationType, Record, ShardIteratorType, StreamRecord,
};
use holdfast_aws::Sdk;
use holdfast_aws::lambda::deliveries;
use holdfast_embedded::clock::SystemClock;
use holdfast_engine::port::{Clock, Delivery, QueueName};
use serde_json::{Map, Value as Json, json};

pub(crate) struct Feed {
    client: Client,
    table: String,
    seen: Mutex<BTreeSet<String>>,
}

impl Feed {
    pub(crate) async fn new(table: &str) -> Self {
        Self {
            client: Client::new(&Sdk::configuration().await.unwrap()),
            table: table.to_owned(),
            seen: Mutex::default(),
        }
    }

    /// The changes of records that were not read before.
    pub(crate) async fn changes(&self) -> Vec<Delivery> {
        let mut records = self.records().await;
        records.retain(|record| {
            let change = record.dynamodb.as_ref().unwrap();
            let number = change.sequence_number.clone().unwrap();
            is_record(change) && self.seen.lock().unwrap().insert(number)
        });
        let records: Vec<_> = records.iter().map(as_lambda_gets_it).collect();
        let event = json!({ "Records": records });
        let queue = QueueName::of("watch-records");
        deliveries(event, &queue, SystemClock.now()).unwrap()
    }

    async fn records(&self) -> Vec<Record> {
        let streams = self.client.list_streams().table_name(&self.table);
        let streams = streams.send().await.unwrap().streams.unwrap();
        let arn = streams[0].stream_arn.clone().unwrap();
        let told = self.client.describe_stream().stream_arn(&arn).send().await;
        let shards = told.unwrap().stream_description.unwrap().shards.unwrap();
        let mut records = Vec::new();
        for shard in shards {
            let iterator = self
                .client
                .get_shard_iterator()
                .stream_arn(&arn)
                .shard_id(shard.shard_id.unwrap())
                .shard_iterator_type(ShardIteratorType::TrimHorizon);
            let mut next = iterator.send().await.unwrap().shard_iterator;
            while let Some(iterator) = next {
                let page = self.client.get_records().shard_iterator(iterator).send();
                let page = page.await.unwrap();
                let found = page.records.unwrap_or_default();
                next = page.next_shard_iterator.filter(|_| !found.is_empty());
                records.extend(found);
            }
        }
        records
    }
}

/// Lambda's filter on the stream, as the template has it.
fn is_record(change: &StreamRecord) -> bool {
    let sort = change.keys.as_ref().unwrap()["sk"].as_s();
    sort.is_ok_and(|sort| sort == "record")
}

fn as_lambda_gets_it(record: &Record) -> Json {
    let change = record.dynamodb.as_ref().unwrap();
    let at = change
        .approximate_creation_date_time
        .map(|at| at.as_secs_f64());
    json!({
        "eventName": record.event_name.as_ref().map(OperationType::as_str),
        "dynamodb": {
            "Keys": attributes(change.keys.as_ref()),
            "SequenceNumber": change.sequence_number,
            "ApproximateCreationDateTime": at,
            "OldImage": attributes(change.old_image.as_ref()),
            "NewImage": attributes(change.new_image.as_ref()),
        },
    })
}

fn attributes(image: Option<&HashMap<String, AttributeValue>>) -> Json {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        other => panic!("an attribute that Holdfast does not write: {other:?}"),
    };
    image.map_or(Json::Null, |image| {
        let members = image.iter().map(|(name, of)| (name.clone(), value(of)));
        members.collect::<Map<_, _>>().into()
    })
}
