//! Kills under load: webhooks go to a victim that is killed and started again on the same data,
//! and afterwards the books must balance: what was acknowledged was done once, or a person is
//! asked about it.

mod books;
mod campaign;
mod load;
mod process;
mod tally;

pub use books::{Books, Progress};
pub use campaign::{Campaign, Kill};
pub use load::{Event, Load, offer};
pub use process::Victim;
pub use tally::Tally;
