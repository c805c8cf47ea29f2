//! What calls cost: each request to DynamoDB and SQS is counted, and DynamoDB says what it
//! consumed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef, Input, Output,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use holdfast_aws::Sdk;

/// What was called and consumed since the last reset.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Requests by service and operation.
    pub requests: BTreeMap<String, u32>,
    /// Requests that failed, such as a condition that does not hold: their units are not told.
    pub failed: BTreeMap<String, u32>,
    /// Write request units.
    pub writes: f64,
    /// Read request units.
    pub reads: f64,
}

/// A meter that clients report to. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Reading>>);

impl Meter {
    /// These clients, metered.
    #[must_use]
    pub fn on(&self, sdk: &Sdk) -> Sdk {
        let dynamo = sdk.dynamo.config().to_builder().interceptor(self.clone());
        let sqs = sdk.sqs.config().to_builder().interceptor(self.clone());
        Sdk {
            dynamo: aws_sdk_dynamodb::Client::from_conf(dynamo.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            ..sdk.clone()
        }
    }

    /// Takes the reading, and begins anew.
    #[must_use]
    pub fn take(&self) -> Reading {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, change: impl FnOnce(&mut Reading)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        ask(context.input_mut());
        let reads = at_least(context.input());
        self.note(|reading| reading.reads += reads);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let metadata = config.load::<Metadata>();
        let name = metadata.map_or_else(
            || "unknown".to_owned(),
            |metadata| format!("{} {}", metadata.service(), metadata.name()),
        );
        self.note(|reading| match context.output_or_error() {
            Some(Ok(output)) => {
                *reading.requests.entry(name).or_default() += 1;
                let (reads, writes) = consumed(output);
                reading.reads += reads;
                reading.writes += writes;
            }
            _ => *reading.failed.entry(name).or_default() += 1,
        });
        Ok(())
    }
}

/// Asks DynamoDB what the request consumes.
fn ask(input: &mut Input) {
    macro_rules! ask {
        ($($input:ty)*) => {
            $(if let Some(input) = input.downcast_mut::<$input>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
            })*
        };
    }
    ask!(GetItemInput BatchGetItemInput QueryInput PutItemInput DeleteItemInput TransactWriteItemsInput);
}

/// What a batch of reads takes at least. A strongly consistent read of an item takes a unit, also
/// of one that is not there, which the emulator does not count.
fn at_least(input: &Input) -> f64 {
    let batch = input.downcast_ref::<BatchGetItemInput>();
    let tables = batch.and_then(|batch| batch.request_items.as_ref());
    let keys = tables.into_iter().flat_map(|tables| tables.values());
    keys.map(|asked| asked.keys.len() as f64).sum()
}

/// What a batch of reads took beyond a unit for each item that was found.
fn beyond(output: &BatchGetItemOutput) -> f64 {
    let found = output.responses.iter().flat_map(|tables| tables.values());
    let found: usize = found.map(Vec::len).sum();
    let capacity = output.consumed_capacity.iter().flatten();
    let units: f64 = capacity.filter_map(|one| one.capacity_units).sum();
    (units - found as f64).max(0.0)
}

/// Read and write units of an answer.
fn consumed(output: &Output) -> (f64, f64) {
    let units = |capacity: &ConsumedCapacity| capacity.capacity_units.unwrap_or(0.0);
    let one = |capacity: &Option<ConsumedCapacity>| capacity.as_ref().map_or(0.0, units);
    let all = |capacities: &Option<Vec<ConsumedCapacity>>| {
        capacities.iter().flatten().map(units).sum::<f64>()
    };
    if let Some(output) = output.downcast_ref::<GetItemOutput>() {
        (one(&output.consumed_capacity), 0.0)
    } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
        (beyond(output), 0.0)
    } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
        (one(&output.consumed_capacity), 0.0)
    } else if let Some(output) = output.downcast_ref::<PutItemOutput>() {
        (0.0, one(&output.consumed_capacity))
    } else if let Some(output) = output.downcast_ref::<DeleteItemOutput>() {
        (0.0, one(&output.consumed_capacity))
    } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
        (0.0, all(&output.consumed_capacity))
    } else {
        (0.0, 0.0)
    }
}
