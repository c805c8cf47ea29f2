//! The store of one machine: journal, queues, timers and definitions in one SQLite file.
//!
//! One thread writes, and groups what waits into one transaction; reads are snapshots on
//! connections of their own. The ready, delayed and in-flight messages are indexed in memory,
//! the database is their durable log.

mod checkpoint;
mod connection;
mod definitions;
mod error;
mod feed;
mod folder;
mod items;
mod journal;
mod lock;
mod operations;
mod passing;
mod queue;
mod readers;
mod schema;
mod settings;
mod timers;
mod work;
mod writer;

pub use definitions::{Published, SqliteDefinitions};
pub use error::OpenError;
pub use folder::{Durability, Options, Store};
pub use journal::SqliteJournal;
pub use queue::{Depth, MAX_RECEIVE_COUNT, QueueSettings, SqliteQueue, Unruly};
pub use settings::{Setting, SqliteSettings};
pub use timers::SqliteTimers;

pub(crate) use items::number as table_number;
pub(crate) use queue::at;
