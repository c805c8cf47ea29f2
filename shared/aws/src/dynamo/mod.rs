//! DynamoDB behind the ports. Every table has the same layout: `pk`, `sk`, the revision `rev`,
//! and `body`, a JSON text.

mod attributes;
mod commit;
mod items;
mod journal;
mod operations;
#[cfg(test)]
mod tests;
mod timers;

pub(crate) use items::{Consistency, Items, Slot};
pub use journal::DynamoJournal;
pub use timers::{Armed, DynamoTimers};
