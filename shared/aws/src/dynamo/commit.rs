//! Conditional writes: one item by itself, several in a transaction.
//!
//! A put that is repeated because its answer was lost finds its own work and would take it for
//! another's. Single puts are therefore repeated here, where that is known; transactions carry a
//! token by which DynamoDB itself recognises the repetition.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use holdfast_engine::key::{PASSES_AFTER, passes};
use holdfast_engine::port::{
    Change, Clock as _, CommitError, Conflict, Item, Key, PortError, Table, Write,
};
use holdfast_providers::machine::SystemClock;
use jiff::Timestamp;

use super::attributes::{self, Attributes, BODY, EXPIRES, OPEN, REVISION, number, text};
use super::items::{condition, next_revision};
use super::operations::open_shard;
use super::{Consistency, DynamoJournal};
use crate::error::{is_size, is_uncertain, port};

/// Writes of one transaction, as the service limits them.
const MAX_WRITES: usize = 100;

/// Attempts at one write, where the service asked for fewer calls or gave no answer, or another
/// transaction was at work on the item.
const ATTEMPTS: u32 = 5;

/// The wait before the second; it doubles.
const PAUSE: Duration = Duration::from_millis(15);

/// What came of one attempt.
enum Attempt {
    Written,
    /// The condition does not hold; here is what was there.
    Refused(Option<Item>),
    /// Nothing was written; it may be tried again.
    Busy(PortError),
    /// Nothing says whether it was written.
    Lost(PortError),
    Failed(PortError),
}

impl DynamoJournal {
    /// One write by itself.
    pub(super) async fn commit_one(&self, write: &Write) -> Result<(), CommitError> {
        let mut unanswered = false;
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let last = attempt + 1 == ATTEMPTS;
            match self.attempt(write).await? {
                Attempt::Written => return Ok(()),
                Attempt::Refused(found) if unanswered && is_ours(write, found.as_ref()) => {
                    return Ok(());
                }
                Attempt::Refused(found) => {
                    return Err(CommitError::Conflict(vec![Conflict { index: 0, found }]));
                }
                Attempt::Failed(error) => return Err(error.into()),
                Attempt::Busy(error) | Attempt::Lost(error) if last => return Err(error.into()),
                Attempt::Busy(_) => {}
                Attempt::Lost(_) => unanswered = true,
            }
        }
        Err(PortError::Throttled.into())
    }

    async fn attempt(&self, write: &Write) -> Result<Attempt, PortError> {
        let slot = self.slot(&write.key);
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let (condition, revision) = condition(write.expect);
        let (client, failing) = (
            &self.items.client,
            ReturnValuesOnConditionCheckFailure::AllOld,
        );
        Ok(match &write.change {
            Change::Check => {
                let found = self.items.one(slot).await?;
                let revision = found.as_ref().map(|item| item.revision);
                if write.expect.holds(revision) {
                    Attempt::Written
                } else {
                    Attempt::Refused(found)
                }
            }
            Change::Put(body) => {
                let put = client
                    .put_item()
                    .table_name(slot.table)
                    .set_item(Some(attributes(write, body)))
                    .condition_expression(condition)
                    .set_expression_attribute_values(revision)
                    .return_values_on_condition_check_failure(failing)
                    .customize()
                    .config_override(once);
                match put.send().await {
                    Ok(_) => Attempt::Written,
                    Err(error) => match error.as_service_error() {
                        Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                            Attempt::Refused(found(failed.item())?)
                        }
                        Some(PutItemError::TransactionConflictException(_)) => busy(),
                        _ => failed(&error),
                    },
                }
            }
            Change::Delete => {
                let delete = client
                    .delete_item()
                    .table_name(slot.table)
                    .set_key(Some(slot.key()))
                    .condition_expression(condition)
                    .set_expression_attribute_values(revision)
                    .return_values_on_condition_check_failure(failing)
                    .customize()
                    .config_override(once);
                match delete.send().await {
                    Ok(_) => Attempt::Written,
                    Err(error) => match error.as_service_error() {
                        Some(DeleteItemError::ConditionalCheckFailedException(failed)) => {
                            Attempt::Refused(found(failed.item())?)
                        }
                        Some(DeleteItemError::TransactionConflictException(_)) => busy(),
                        _ => failed(&error),
                    },
                }
            }
        })
    }

    /// Several writes, all or none.
    pub(super) async fn commit_all(&self, writes: &[Write]) -> Result<(), CommitError> {
        let keys: BTreeSet<&Key> = writes.iter().map(|write| &write.key).collect();
        if writes.len() > MAX_WRITES {
            return Err(PortError::TooLarge.into());
        }
        if keys.len() < writes.len() {
            let message = "a transaction names an item twice";
            return Err(PortError::Unavailable(message.to_owned()).into());
        }
        let items: Vec<_> = writes
            .iter()
            .map(|write| self.transacted(write))
            .collect::<Result<_, _>>()?;
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let sent = self
                .items
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .send()
                .await;
            let Err(error) = sent else { return Ok(()) };
            match cancelled(&error)? {
                Cancelled::Refused(conflicts) => return Err(CommitError::Conflict(conflicts)),
                Cancelled::Failed(error) => return Err(error.into()),
                Cancelled::Busy => {
                    let conflicts = self.conflicts(writes).await?;
                    if !conflicts.is_empty() {
                        return Err(CommitError::Conflict(conflicts));
                    }
                }
            }
        }
        Err(PortError::Throttled.into())
    }

    /// The conditions that do not hold now.
    async fn conflicts(&self, writes: &[Write]) -> Result<Vec<Conflict>, PortError> {
        let slots: Vec<_> = writes.iter().map(|write| self.slot(&write.key)).collect();
        let items = self.items.all(&slots, Consistency::Strong).await?;
        let pairs = writes.iter().zip(items).enumerate();
        let failed = pairs.filter(|(_, (write, item))| {
            !write.expect.holds(item.as_ref().map(|item| item.revision))
        });
        Ok(failed
            .map(|(index, (_, found))| Conflict { index, found })
            .collect())
    }

    fn transacted(&self, write: &Write) -> Result<TransactWriteItem, PortError> {
        let slot = self.slot(&write.key);
        let (condition, revision) = condition(write.expect);
        let failing = ReturnValuesOnConditionCheckFailure::AllOld;
        let item = TransactWriteItem::builder();
        let item = match &write.change {
            Change::Put(body) => {
                let put = Put::builder()
                    .table_name(slot.table)
                    .set_item(Some(attributes(write, body)))
                    .condition_expression(condition)
                    .set_expression_attribute_values(revision)
                    .return_values_on_condition_check_failure(failing);
                item.put(put.build().map_err(unbuilt)?)
            }
            Change::Delete => {
                let delete = Delete::builder()
                    .table_name(slot.table)
                    .set_key(Some(slot.key()))
                    .condition_expression(condition)
                    .set_expression_attribute_values(revision)
                    .return_values_on_condition_check_failure(failing);
                item.delete(delete.build().map_err(unbuilt)?)
            }
            Change::Check => {
                let check = ConditionCheck::builder()
                    .table_name(slot.table)
                    .set_key(Some(slot.key()))
                    .condition_expression(condition)
                    .set_expression_attribute_values(revision)
                    .return_values_on_condition_check_failure(failing);
                item.condition_check(check.build().map_err(unbuilt)?)
            }
        };
        Ok(item.build())
    }
}

async fn pause(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
    }
}

fn attributes(write: &Write, body: &str) -> Attributes {
    let Key {
        table,
        partition,
        sort,
    } = &write.key;
    let mut attributes = attributes::key(partition, sort);
    attributes.insert(REVISION.to_owned(), number(next_revision(write.expect)));
    attributes.insert(BODY.to_owned(), text(body));
    if *table == Table::Operations
        && let Some(shard) = open_shard(partition, body)
    {
        attributes.insert(OPEN.to_owned(), text(shard));
    }
    if passes(&write.key) {
        let expires = SystemClock.now().saturating_add(PASSES_AFTER);
        let expires = expires.map_or(0, Timestamp::as_second).unsigned_abs();
        attributes.insert(EXPIRES.to_owned(), number(expires));
    }
    attributes
}

/// Whether what was found is what this write would have left.
fn is_ours(write: &Write, found: Option<&Item>) -> bool {
    match (&write.change, found) {
        (Change::Put(body), Some(item)) => {
            item.revision == next_revision(write.expect) && item.body == *body
        }
        (Change::Delete, None) => true,
        _ => false,
    }
}

fn found(item: Option<&Attributes>) -> Result<Option<Item>, PortError> {
    item.map(attributes::item).transpose()
}

fn busy() -> Attempt {
    Attempt::Busy(PortError::Throttled)
}

fn failed<E, R>(error: &SdkError<E, R>) -> Attempt
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    match port(error) {
        PortError::Throttled => Attempt::Busy(PortError::Throttled),
        told if is_uncertain(error) => Attempt::Lost(told),
        told => Attempt::Failed(told),
    }
}

fn unbuilt(error: impl std::fmt::Display) -> PortError {
    PortError::Unavailable(error.to_string())
}

/// Why a transaction was not done.
enum Cancelled {
    Refused(Vec<Conflict>),
    Busy,
    Failed(PortError),
}

fn cancelled<R>(error: &SdkError<TransactWriteItemsError, R>) -> Result<Cancelled, PortError> {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
            return Ok(Cancelled::Busy);
        }
        _ => {
            return Ok(match port(error) {
                PortError::Throttled => Cancelled::Busy,
                told => Cancelled::Failed(told),
            });
        }
    };
    let mut conflicts = Vec::new();
    for (index, reason) in reasons.iter().enumerate() {
        match reason.code() {
            Some("ConditionalCheckFailed") => conflicts.push(Conflict {
                index,
                found: found(reason.item())?,
            }),
            Some("ValidationError") if is_too_large(reason) => {
                return Ok(Cancelled::Failed(PortError::TooLarge));
            }
            Some("ValidationError") => {
                let message = reason.message().unwrap_or_default().to_owned();
                return Ok(Cancelled::Failed(PortError::Unavailable(message)));
            }
            _ => {}
        }
    }
    if conflicts.is_empty() {
        return Ok(Cancelled::Busy);
    }
    Ok(Cancelled::Refused(conflicts))
}

fn is_too_large(reason: &CancellationReason) -> bool {
    reason.message().is_some_and(is_size)
}
