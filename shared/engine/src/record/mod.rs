//! Records: shared business objects, changed only under their state machine and invariants.

mod author;
mod block;
mod change;
mod item;
mod lookup;

pub use author::{Author, LastChange};
pub use block::{alike, moved_blocks};
pub use change::{Changed, FieldChange, Proposal, Refusal, change, differences};
pub use item::{InvalidRecord, Record, create};
pub use lookup::{KeyItem, Resolution, find_by_key, find_record, key_writes, natural_key, resolve};
