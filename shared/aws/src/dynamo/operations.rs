//! Lists of error records and review items: what is open by a sparse index in a few shards, all
//! of it by a scan. Both are for people and the error route; they may be a moment behind.

use holdfast_engine::hash;
use holdfast_engine::operation::{Operation, Stored};
use holdfast_engine::port::{OperationList, Operations, PortError, Which};
use serde::Deserialize;

use super::DynamoJournal;
use super::attributes::{self, Attributes, OPEN, PK, text};
use crate::error::port;

/// The name of the index.
const INDEX: &str = "open";

/// The shards: one partition of the index takes a thousand writes a second.
const SHARDS: [&str; 4] = ["0", "1", "2", "3"];

/// The shard of an operation that is open; `None`: it needs nobody, or is no operation.
pub(super) fn open_shard(partition: &str, body: &str) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Open {
        status: String,
    }
    let open: Open = serde_json::from_str(body).ok()?;
    let hash = hash::hex(&[partition.as_bytes()]);
    let number: usize = hash.bytes().map(usize::from).sum();
    let shard = SHARDS.get(number % SHARDS.len())?;
    (open.status != "closed").then_some(shard)
}

impl OperationList for DynamoJournal {
    async fn list(
        &self,
        which: Which,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Operations, PortError> {
        match which {
            Which::Open => self.open(after, limit).await,
            Which::All => self.all(after, limit).await,
        }
    }
}

impl DynamoJournal {
    /// A page of one shard; the token names the shard and the last partition.
    async fn open(&self, after: Option<&str>, limit: usize) -> Result<Operations, PortError> {
        let (shard, last) = after
            .and_then(|after| after.split_once('|'))
            .unwrap_or(("0", ""));
        let mut query = self
            .items
            .client
            .query()
            .table_name(&self.tables.operations)
            .index_name(INDEX)
            .expression_attribute_names("#open", OPEN)
            .expression_attribute_values(":shard", text(shard))
            .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
        query = if last.is_empty() {
            query.key_condition_expression("#open = :shard")
        } else {
            query
                .key_condition_expression("#open = :shard AND pk > :last")
                .expression_attribute_values(":last", text(last))
        };
        let answer = query.send().await.map_err(|error| port(&error))?;
        let next = match answer.last_evaluated_key.as_ref() {
            Some(key) => Some(format!("{shard}|{}", attributes::read(key, PK)?)),
            None => following(shard).map(|next| format!("{next}|")),
        };
        let found = decoded(answer.items.unwrap_or_default())?;
        Ok(Operations { found, next })
    }

    async fn all(&self, after: Option<&str>, limit: usize) -> Result<Operations, PortError> {
        let answer = self
            .items
            .client
            .scan()
            .table_name(&self.tables.operations)
            .set_exclusive_start_key(after.map(|partition| attributes::key(partition, "")))
            .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| port(&error))?;
        let next = answer.last_evaluated_key.as_ref();
        let next = next.map(|key| attributes::read(key, PK).map(str::to_owned));
        Ok(Operations {
            found: decoded(answer.items.unwrap_or_default())?,
            next: next.transpose()?,
        })
    }
}

fn following(shard: &str) -> Option<&'static str> {
    let at = SHARDS.iter().position(|one| *one == shard)?;
    SHARDS.get(at + 1).copied()
}

/// One that does not decode is passed over: it was written by another version.
fn decoded(items: Vec<Attributes>) -> Result<Vec<Stored>, PortError> {
    let mut found = Vec::new();
    for attributes in items {
        let partition = attributes::read(&attributes, PK)?;
        let item = attributes::item(&attributes)?;
        match Operation::decode(partition, &item.body) {
            Ok(operation) => found.push(Stored { operation, item }),
            Err(error) => tracing::warn!(%partition, %error, "an operation does not decode"),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_has_a_shard_and_what_is_closed_none() {
        assert!(open_shard("demo#error#1", r#"{"status":"open"}"#).is_some());
        assert_eq!(open_shard("demo#error#1", r#"{"status":"closed"}"#), None);
        assert_eq!(open_shard("demo#error#1", r#"{"count":1}"#), None);
        assert_eq!(open_shard("demo#error#1", "text"), None);
    }

    #[test]
    fn operations_spread_over_every_shard() {
        let shards: std::collections::BTreeSet<_> = (0..200)
            .filter_map(|n| open_shard(&format!("demo#error#{n}"), r#"{"status":"open"}"#))
            .collect();
        assert_eq!(shards.len(), SHARDS.len());
    }

    #[test]
    fn the_last_shard_is_followed_by_none() {
        assert_eq!(following("0"), Some("1"));
        assert_eq!(following("3"), None);
    }
}
