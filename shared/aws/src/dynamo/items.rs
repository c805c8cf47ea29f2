//! Reading items of any table, and writing single ones on a condition.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use holdfast_engine::port::{Expect, Item, Page, PortError};

use super::attributes::{self, Attributes, BODY, PK, REVISION, SK, number, text};
use crate::error::port;

/// Keys of one batch, as the service limits them.
const BATCH: usize = 100;

/// How often what a batch left out is asked for again.
const ROUNDS: u32 = 8;

/// How long before the first time.
const PAUSE: Duration = Duration::from_millis(20);

/// Where an item lies: its table, partition and sort key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot<'a> {
    pub(crate) table: &'a str,
    pub(crate) partition: &'a str,
    pub(crate) sort: &'a str,
}

impl Slot<'_> {
    pub(crate) fn key(&self) -> Attributes {
        attributes::key(self.partition, self.sort)
    }
}

/// How recent a read is. An eventual one costs half, and is mostly as recent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    Strong,
    Eventual,
}

/// The items of tables.
#[derive(Debug, Clone)]
pub(crate) struct Items {
    pub(crate) client: Client,
}

impl Items {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Reads one item as of its last write.
    pub(crate) async fn one(&self, slot: Slot<'_>) -> Result<Option<Item>, PortError> {
        self.get(slot, Consistency::Strong).await
    }

    async fn get(
        &self,
        slot: Slot<'_>,
        consistency: Consistency,
    ) -> Result<Option<Item>, PortError> {
        let found = self
            .client
            .get_item()
            .table_name(slot.table)
            .set_key(Some(slot.key()))
            .consistent_read(consistency == Consistency::Strong)
            .send()
            .await
            .map_err(|error| port(&error))?;
        found.item.as_ref().map(attributes::item).transpose()
    }

    /// Reads items, in the order of the slots.
    pub(crate) async fn all(
        &self,
        slots: &[Slot<'_>],
        consistency: Consistency,
    ) -> Result<Vec<Option<Item>>, PortError> {
        if let [slot] = slots {
            return Ok(vec![self.get(*slot, consistency).await?]);
        }
        let mut found = BTreeMap::new();
        let mut distinct = slots.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        for batch in distinct.chunks(BATCH) {
            self.batch(batch, consistency, &mut found).await?;
        }
        let item = |slot: &Slot<'_>| {
            let stored = (
                slot.table,
                slot.partition,
                attributes::stored_sort(slot.sort),
            );
            let (table, partition, sort) = stored;
            found
                .get(&(table.to_owned(), partition.to_owned(), sort.to_owned()))
                .cloned()
        };
        Ok(slots.iter().map(item).collect())
    }

    async fn batch(
        &self,
        slots: &[Slot<'_>],
        consistency: Consistency,
        found: &mut BTreeMap<(String, String, String), Item>,
    ) -> Result<(), PortError> {
        let mut asked = requests(slots, consistency)?;
        for round in 0..ROUNDS {
            if asked.is_empty() {
                return Ok(());
            }
            if round > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(round - 1)).await;
            }
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(asked))
                .send()
                .await
                .map_err(|error| port(&error))?;
            for (table, items) in answer.responses.unwrap_or_default() {
                for attributes in items {
                    let partition = attributes::read(&attributes, PK)?.to_owned();
                    let sort = attributes::read(&attributes, SK)?.to_owned();
                    let item = attributes::item(&attributes)?;
                    found.insert((table.clone(), partition, sort), item);
                }
            }
            asked = answer.unprocessed_keys.unwrap_or_default();
        }
        Err(PortError::Throttled)
    }

    /// Puts an item by itself: whatever is there, or on condition of what was seen. Returns
    /// whether the condition held.
    pub(crate) async fn put_on(
        &self,
        slot: Slot<'_>,
        body: &str,
        seen: Option<Expect>,
    ) -> Result<bool, PortError> {
        let (condition, values) = seen.map(condition).unzip();
        let put = self
            .client
            .put_item()
            .table_name(slot.table)
            .set_item(Some(slot.key()))
            .item(BODY, text(body))
            .item(
                REVISION,
                number(next_revision(seen.unwrap_or(Expect::Absent))),
            )
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(values.flatten());
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_refused(&error) => Ok(false),
            Err(error) => Err(port(&error)),
        }
    }

    /// Reads a part of a partition, as [`holdfast_engine::port::Journal::query`] says.
    pub(crate) async fn query(
        &self,
        table: &str,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, PortError> {
        let start = match after {
            Some(after) if after.starts_with(prefix) => Some(after),
            Some(after) if after > prefix => return Ok(Page::default()),
            _ => None,
        };
        let mut query = self
            .client
            .query()
            .table_name(table)
            .key_condition_expression(if prefix.is_empty() {
                "pk = :pk"
            } else {
                "pk = :pk AND begins_with(sk, :prefix)"
            })
            .expression_attribute_values(":pk", text(partition))
            .set_exclusive_start_key(start.map(|sort| attributes::key(partition, sort)))
            .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX))
            .consistent_read(true);
        if !prefix.is_empty() {
            query = query.expression_attribute_values(":prefix", text(prefix));
        }
        let answer = query.send().await.map_err(|error| port(&error))?;
        let rows = answer.items.unwrap_or_default();
        let rows = rows.iter().map(attributes::row).collect::<Result<_, _>>()?;
        let next = answer.last_evaluated_key.as_ref();
        let next = next.map(|key| attributes::read(key, SK).map(str::to_owned));
        Ok(Page {
            rows,
            next: next.transpose()?,
        })
    }
}

/// The condition on what was seen. An item without a revision, made by hand, counts as zero.
pub(crate) fn condition(expect: Expect) -> (&'static str, Option<Attributes>) {
    let value = |revision| Some(Attributes::from([(":rev".to_owned(), number(revision))]));
    match expect {
        Expect::Absent => ("attribute_not_exists(pk)", None),
        Expect::Revision(0) => ("attribute_exists(pk) AND attribute_not_exists(rev)", None),
        Expect::Revision(revision) => ("rev = :rev", value(revision)),
    }
}

/// The revision that a write leaves.
pub(crate) fn next_revision(expect: Expect) -> u64 {
    match expect {
        Expect::Absent => 1,
        Expect::Revision(revision) => revision.saturating_add(1),
    }
}

fn is_refused<R>(error: &SdkError<PutItemError, R>) -> bool {
    let service = error.as_service_error();
    service.is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn requests(
    slots: &[Slot<'_>],
    consistency: Consistency,
) -> Result<HashMap<String, KeysAndAttributes>, PortError> {
    let mut tables: BTreeMap<&str, Vec<Attributes>> = BTreeMap::new();
    for slot in slots {
        tables.entry(slot.table).or_default().push(slot.key());
    }
    let request = |(table, keys): (&str, Vec<Attributes>)| {
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(consistency == Consistency::Strong)
            .build()
            .map_err(|error| PortError::Unavailable(error.to_string()))?;
        Ok((table.to_owned(), asked))
    };
    tables.into_iter().map(request).collect()
}
