//! Lists of what needs someone, over the same items as the journal's.

use holdfast_engine::operation::{Operation, Stored};
use holdfast_engine::port::{OperationList, Operations, PortError, Table, Which};

use super::MemoryJournal;

impl OperationList for MemoryJournal {
    async fn list(
        &self,
        which: Which,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Operations, PortError> {
        let all = self.items(Table::Operations, "").into_iter();
        let after = |partition: &str| after.is_none_or(|after| partition > after);
        let all = all.filter(|(key, _)| after(&key.partition));
        let decoded = all.filter_map(|(key, item)| {
            let operation = Operation::decode(&key.partition, &item.body).ok()?;
            Some(Stored { operation, item })
        });
        let wanted =
            |stored: &Stored| which == Which::All || stored.operation.handling().needs_someone();
        let mut found: Vec<_> = decoded
            .filter(wanted)
            .take(limit.saturating_add(1))
            .collect();
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        let next = last.map(|stored| stored.operation.key().partition);
        Ok(Operations { found, next })
    }
}
