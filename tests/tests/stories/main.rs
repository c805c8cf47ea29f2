//! The stories that Holdfast is built against: what went wrong elsewhere, told again here on
//! virtual time, with faults from a seed.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what a story came to is part of the report, and one that cannot start fails"
)]

mod mix;
mod money;
mod outage;
mod redrive;
mod redriving;
mod shop;
mod stats;
