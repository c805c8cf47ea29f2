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

/// How many kills a campaign has: the usual number, or as many as `HOLDFAST_KILLS` asks for.
///
/// # Panics
/// When that is no number.
#[must_use]
pub fn asked(usual: usize) -> usize {
    let Some(asked) = std::env::var_os("HOLDFAST_KILLS") else {
        return usual;
    };
    let number = asked.to_str().and_then(|asked| asked.parse().ok());
    number.expect("HOLDFAST_KILLS is a number")
}
