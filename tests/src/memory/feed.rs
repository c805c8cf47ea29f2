//! The change feed: what a commit of records and operations sends, as the embedded store does it.

use holdfast_engine::key;
use holdfast_engine::port::{Change, Item, QueueName, Table, Write};

use super::queue::push;
use super::state::MemoryState;

/// Sends the message of a write that is being applied, where somebody listens to its item.
pub(super) fn feed(state: &mut MemoryState, write: &Write) {
    if !state.feeds {
        return;
    }
    if let Some(queue) = queue(write) {
        let old = state.items.get(&write.key);
        let revision = old.map_or(1, |item| item.revision + 1);
        let text = body(write, revision, old);
        let now = state.now;
        push(state, &queue, text, now, now);
    }
}

fn queue(write: &Write) -> Option<QueueName> {
    let function = match write.key.table {
        _ if write.change == Change::Check => return None,
        Table::Journal if write.key.sort == key::RECORD => "watch-records",
        Table::Operations => "handle-error",
        Table::Journal | Table::Claims => return None,
    };
    Some(QueueName::of(function))
}

fn body(write: &Write, revision: u64, old: Option<&Item>) -> String {
    let partition = &write.key.partition;
    let tenant = partition.split('#').next().unwrap_or(partition);
    let old = old.map_or("null", |item| &item.body);
    let new = match &write.change {
        Change::Put(body) => body,
        Change::Delete | Change::Check => "null",
    };
    format!(
        r#"{{"tenant":"{tenant}","partition":"{partition}","revision":{revision},"old":{old},"new":{new}}}"#
    )
}
