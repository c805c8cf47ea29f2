//! The change feed: each change of a record becomes a message for `watch-records`, each of an
//! error record or review item one for `handle-error`.

use std::fmt::Write as _;

use holdfast_engine::port::{Change, Item, QueueName, Table, Write};
use serde_json::Value as Json;

/// The queue that a write is told to; `None`: nobody listens to it.
pub(crate) fn queue(write: &Write) -> Option<QueueName> {
    let function = match write.key.table {
        _ if write.change == Change::Check => return None,
        Table::Journal if write.key.sort == "record" => "watch-records",
        Table::Operations => "handle-error",
        Table::Journal | Table::Claims => return None,
    };
    Some(QueueName::of(function))
}

/// The tenant of a partition: what stands before its first `#`.
pub(crate) fn tenant(partition: &str) -> &str {
    partition.split('#').next().unwrap_or(partition)
}

/// The body: tenant, partition, revision, old and new, always in this order. Items are JSON
/// already and are not parsed again.
pub(crate) fn body(write: &Write, revision: u64, old: Option<&Item>) -> String {
    let partition = &write.key.partition;
    let old = old.map_or("null", |item| &item.body);
    let new = match &write.change {
        Change::Put(body) => body,
        Change::Delete | Change::Check => "null",
    };
    let mut text = String::with_capacity(old.len() + new.len() + 2 * partition.len() + 64);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        r#"{{"tenant":{},"partition":{},"revision":{revision},"old":{old},"new":{new}}}"#,
        Json::from(tenant(partition)),
        Json::from(partition.as_str()),
    );
    text
}

#[cfg(test)]
mod tests {
    use holdfast_engine::port::{Expect, Key};

    use super::*;

    fn change(partition: &str, change: Change) -> Write {
        Write {
            key: Key {
                table: Table::Journal,
                partition: partition.to_owned(),
                sort: "record".to_owned(),
            },
            expect: Expect::Absent,
            change,
        }
    }

    #[test]
    fn a_change_carries_both_images() {
        let old = Item {
            revision: 1,
            body: r#"{"a":1}"#.to_owned(),
        };
        let write = change("demo#patient#p1", Change::Put(r#"{"a":2}"#.to_owned()));
        assert_eq!(
            body(&write, 2, Some(&old)),
            r#"{"tenant":"demo","partition":"demo#patient#p1","revision":2,"old":{"a":1},"new":{"a":2}}"#
        );
    }

    #[test]
    fn a_partition_with_quotes_stays_json() {
        let text = body(&change("a\"b#c", Change::Delete), 1, None);
        let json: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(json["partition"], "a\"b#c");
        assert_eq!(json["new"], Json::Null);
    }
}
